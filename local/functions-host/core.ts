import Module from 'node:module';
import { FunctionsHostError } from './errors.ts';
import type { HostLog, LogLevel } from './log.ts';

/** A value on its way between host and function: exactly one of these is set (RpcTypedData of the worker protocol). */
export interface RpcData {
  readonly string?: string;
  readonly json?: string;
  readonly bytes?: Uint8Array;
  readonly http?: object;
  readonly modelBindingData?: {
    readonly version: string;
    readonly source: string;
    readonly contentType: string;
    readonly content: Buffer;
  };
}

export interface BindingInfo {
  readonly type: string;
  readonly direction: 'in' | 'out';
  readonly [option: string]: unknown;
}

interface FunctionMetadata {
  readonly name: string;
  readonly bindings: Readonly<Record<string, BindingInfo>>;
  readonly retryOptions?: unknown;
}

type FunctionCallback = (...args: unknown[]) => unknown;

export interface InvocationResponse {
  readonly returnValue?: { readonly http?: unknown } | null;
}

interface InvocationModel {
  getArguments(): Promise<{ context: unknown; inputs: unknown[] }>;
  invokeFunction(context: unknown, inputs: unknown[], callback: FunctionCallback): Promise<unknown>;
  getResponse(context: unknown, result: unknown): Promise<InvocationResponse>;
}

/** What the model is told about one invocation; it reads `state` while the invocation goes on. */
export interface CoreInvocationContext {
  readonly invocationId: string;
  readonly metadata: FunctionMetadata;
  readonly request: object;
  state: 'preInvocationHooks' | 'invocation' | 'postInvocationHooks' | undefined;
  log(level: LogLevel, category: string, message: string): void;
}

export interface ProgrammingModel {
  getInvocationModel(context: CoreInvocationContext): InvocationModel;
  getCapabilities(
    capabilities: Record<string, string>,
  ): Promise<Record<string, string>> | Record<string, string>;
}

const hookNames = ['appStart', 'appTerminate', 'preInvocation', 'postInvocation'] as const;
type HookName = (typeof hookNames)[number];
type HookCallback = (context: object) => unknown;

export interface RegisteredFunction {
  readonly metadata: FunctionMetadata;
  readonly callback: FunctionCallback;
}

/** The host's side of `@azure/functions-core`: what an app registered while it was loading. */
export interface FunctionsCore {
  readonly functions: ReadonlyMap<string, RegisteredFunction>;
  model(): ProgrammingModel | undefined;
  runHooks(name: HookName, context: object): Promise<void>;
  /** From here on registering a function is an error, as in the worker. */
  finishStartup(): void;
}

const moduleName = '@azure/functions-core';
const installedMark = Symbol.for('longshore.functions-core');

/**
 * Makes `@azure/functions` find a host in this process, in the way the Functions worker does: `require` of exactly
 * `@azure/functions-core` gives the host's object. To be called before the app registers anything, since the library
 * looks once and remembers.
 *
 * Throws `E_APP` when called twice in a process: the library would go on talking to the first host.
 */
export function installFunctionsCore(log: HostLog): FunctionsCore {
  const original = Module.prototype.require;
  if (installedMark in original) {
    throw new FunctionsHostError(
      'E_APP',
      'A Functions host was already started in this process, and @azure/functions supports only one: start the second in another process',
    );
  }
  const { api, core } = createFunctionsCore(log);
  const replaced = new Proxy(original, {
    apply: (target, self, args) => (args[0] === moduleName ? api : Reflect.apply(target, self, args)),
    has: (target, key) => key === installedMark || Reflect.has(target, key),
  });
  Module.prototype.require = replaced;
  return core;
}

function createFunctionsCore(log: HostLog): { api: object; core: FunctionsCore } {
  const functions = new Map<string, RegisteredFunction>();
  const hooks = new Map<string, HookCallback[]>(hookNames.map((name) => [name, []]));
  let model: ProgrammingModel | undefined;
  let startupFinished = false;
  const api = {
    version: '3.11.0',
    hostVersion: '4.1000.0',
    Disposable: CoreDisposable,
    setProgrammingModel: (given: ProgrammingModel): void => {
      model = given;
    },
    getProgrammingModel: () => model,
    registerFunction: (metadata: FunctionMetadata, callback: FunctionCallback): CoreDisposable => {
      if (startupFinished) throw systemError(Error, 'A function can only be registered during app startup.');
      if (functions.has(metadata.name)) {
        throw systemError(Error, `A function with name "${metadata.name}" has already been registered.`);
      }
      functions.set(metadata.name, { metadata, callback });
      return new CoreDisposable(() => functions.delete(metadata.name));
    },
    registerHook: (name: string, callback: HookCallback): CoreDisposable => {
      const callbacks = hooks.get(name);
      if (callbacks === undefined) throw systemError(RangeError, `Unrecognized hook "${name}"`);
      callbacks.push(callback);
      return new CoreDisposable(() => void callbacks.splice(callbacks.indexOf(callback), 1));
    },
    log: (level: LogLevel, _category: string, message: string): void => log(level, 'Host', message),
  };
  const core: FunctionsCore = {
    functions,
    model: () => model,
    runHooks: async (name, context) => {
      for (const callback of hooks.get(name) ?? []) await callback(context);
    },
    finishStartup: () => {
      startupFinished = true;
    },
  };
  return { api, core };
}

class CoreDisposable {
  #onDispose: (() => unknown) | undefined;

  static from(...disposables: { dispose(): unknown }[]): CoreDisposable {
    return new CoreDisposable(() => {
      for (const disposable of disposables) disposable.dispose();
    });
  }

  constructor(onDispose: () => unknown) {
    this.#onDispose = onDispose;
  }

  dispose(): void {
    this.#onDispose?.();
    this.#onDispose = undefined;
  }
}

/** The library tells errors of the platform from those of the app by this mark. */
function systemError(kind: new (message: string) => Error, message: string): Error {
  return Object.assign(new kind(message), { isAzureFunctionsSystemError: true });
}
