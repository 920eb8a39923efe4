import { randomBytes, randomUUID } from 'node:crypto';
import type {
  BindingInfo,
  CoreInvocationContext,
  FunctionsCore,
  InvocationResponse,
  ProgrammingModel,
  RegisteredFunction,
  RpcData,
} from './core.ts';
import { FunctionsHostError, messageOf } from './errors.ts';
import type { HostLog } from './log.ts';

/** Node.js takes no longer timer than this: 24 days. */
const longestTimerMs = 2 ** 31 - 1;

/** A function of the app, with its one trigger picked out of its bindings. */
export interface HostedFunction extends RegisteredFunction {
  readonly name: string;
  /** The name of the trigger's binding: the library makes it up, differently per registration. */
  readonly triggerName: string;
  readonly trigger: BindingInfo;
}

/** What a trigger hands over. */
export interface TriggerInput {
  readonly data: RpcData;
  readonly metadata?: Readonly<Record<string, RpcData>>;
}

interface InvokeOptions {
  /** Said in the log: why the function runs. */
  readonly reason: string;
  /** Given only where it must be known elsewhere, as in streamed HTTP. */
  readonly invocationId?: string;
}

export interface InvocationOutcome {
  /** What the function returned, after hooks. */
  readonly result: unknown;
  /** The same, as the programming model hands it to a host. */
  readonly response: InvocationResponse;
}

/** Runs the function once. Rejects with what it threw, or with `E_INVOCATION_TIMEOUT`. */
export type Invoke = (
  fn: HostedFunction,
  input: TriggerInput,
  options: InvokeOptions,
) => Promise<InvocationOutcome>;

export interface InvocationHost {
  readonly core: FunctionsCore;
  readonly model: ProgrammingModel;
  /** `functionTimeout` of host.json in milliseconds; infinite for no limit. */
  readonly timeoutMs: number;
  readonly log: HostLog;
}

/**
 * Invokes functions the way the Functions worker does: arguments from the programming model, preInvocation hooks, the
 * function, postInvocation hooks, response.
 *
 * A function that passes its timeout counts as failed and is no longer waited for. Azure then restarts the whole
 * process, which a host inside the process cannot do, so here the function may still be running.
 */
export function createInvoke({ core, model, timeoutMs, log }: InvocationHost): Invoke {
  return async (fn, input, options) => {
    const invocationId = options.invocationId ?? randomUUID();
    const category = `Function.${fn.name}`;
    const startedAt = performance.now();
    const outcome = (text: string): string =>
      `Executed 'Functions.${fn.name}' (${text}, Id=${invocationId}, Duration=${Math.round(performance.now() - startedAt)}ms)`;
    log(
      'information',
      category,
      `Executing 'Functions.${fn.name}' (Reason='${options.reason}', Id=${invocationId})`,
    );
    try {
      const succeeded = await withTimeout(runOnce(fn, input, invocationId), fn.name, timeoutMs);
      log('information', category, outcome('Succeeded'));
      return succeeded;
    } catch (error) {
      log('error', category, `${outcome('Failed')}: ${messageOf(error)}`);
      throw error;
    }
  };

  async function runOnce(
    fn: HostedFunction,
    input: TriggerInput,
    invocationId: string,
  ): Promise<InvocationOutcome> {
    const coreContext: CoreInvocationContext = {
      invocationId,
      metadata: fn.metadata,
      state: undefined,
      log: (level, kind, message) =>
        log(level, kind === 'user' ? `Function.${fn.name}.User` : `Function.${fn.name}`, message),
      request: {
        invocationId,
        functionId: fn.name,
        inputData: [{ name: fn.triggerName, data: input.data }],
        triggerMetadata: input.metadata ?? {},
        traceContext: { traceParent: newTraceParent(), traceState: '', attributes: {} },
      },
    };
    const invocation = model.getInvocationModel(coreContext);
    const { context, inputs } = await invocation.getArguments();
    const shared = { hookData: {}, invocationContext: context };

    coreContext.state = 'preInvocationHooks';
    const before = { ...shared, inputs, functionCallback: fn.callback };
    await core.runHooks('preInvocation', before);

    coreContext.state = 'invocation';
    const after: { result: unknown; error: unknown } & typeof shared & { inputs: unknown[] } = {
      ...shared,
      inputs: before.inputs,
      result: null,
      error: null,
    };
    try {
      after.result = await invocation.invokeFunction(context, before.inputs, before.functionCallback);
    } catch (error) {
      after.error = error;
    }

    coreContext.state = 'postInvocationHooks';
    await core.runHooks('postInvocation', after);
    if (after.error !== null && after.error !== undefined) throw after.error;
    return { result: after.result, response: await invocation.getResponse(context, after.result) };
  }
}

/** W3C trace context, version 00: the host starts a trace for each invocation. */
function newTraceParent(): string {
  return `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-01`;
}

async function withTimeout<T>(work: Promise<T>, name: string, timeoutMs: number): Promise<T> {
  if (timeoutMs > longestTimerMs) return await work;
  const { promise: late, reject } = Promise.withResolvers<never>();
  const message = `Timeout value of ${timeoutMs} ms exceeded by function ${name}`;
  const timer = setTimeout(() => reject(new FunctionsHostError('E_INVOCATION_TIMEOUT', message)), timeoutMs);
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
