import { loadApp, readAppManifest } from './app.ts';
import { createBlobTrigger } from './blob-trigger.ts';
import { installFunctionsCore } from './core.ts';
import { FunctionsHostError, messageOf } from './errors.ts';
import { startHttpListener } from './http-trigger.ts';
import { createInvoke, type HostedFunction } from './invocation.ts';
import type { HostLog } from './log.ts';
import { createServiceBusTrigger } from './service-bus-trigger.ts';
import { readHostJson } from './settings.ts';
import { createTimerTrigger } from './timer-trigger.ts';
import type { Trigger, TriggerHost } from './trigger.ts';
import { createWork } from './work.ts';

export interface FunctionsHostOptions {
  /** The app's folder, with package.json and host.json. */
  readonly root: string;
  /** File or glob to import, relative to `root`, in place of `main` of package.json. */
  readonly entry?: string;
  /** Application settings. Set in `process.env` before the app is loaded, and left there. */
  readonly settings?: Readonly<Record<string, string>>;
  /** For HTTP functions and the admin endpoint. Default 0: any that is free. */
  readonly port?: number;
  readonly log: HostLog;
  /** Time between two looks at a blob container, in milliseconds. Default 1 000. */
  readonly blobPollMs?: number;
  /** Longest time `close` waits for active invocations, and for each other step, in milliseconds. Default 10 000. */
  readonly graceMs?: number;
}

export interface FunctionsHost extends AsyncDisposable {
  /** Without a slash at the end; routes start at `URL/api` unless host.json says otherwise. */
  readonly url: string;
  readonly functions: readonly { readonly name: string; readonly trigger: string }[];
  /**
   * Runs a function now, also one that is waiting for its schedule, and gives what it returned. `data` is the message
   * for Service Bus, the path `container/name` for blobs, nothing for timers; HTTP functions have their URL.
   */
  invoke(name: string, data?: unknown): Promise<unknown>;
  /**
   * Takes nothing new, waits for active invocations up to the grace period, then runs the app's appTerminate
   * hooks and gives up connections. Safe to call again. The server that `enableHttpStream` starts belongs to
   * `@azure/functions`, which keeps it until the process ends.
   */
  close(): Promise<void>;
}

const triggerMakers: Readonly<Record<string, (fn: HostedFunction, host: TriggerHost) => Trigger>> = {
  timerTrigger: createTimerTrigger,
  serviceBusTrigger: createServiceBusTrigger,
  blobTrigger: createBlobTrigger,
};

/**
 * Runs an Azure Functions app (programming model v4) in this process, with triggers that listen to real or emulated
 * services. The app finds the host as it finds the Functions worker in Azure. One host per process.
 *
 * Throws `FunctionsHostError` when the app cannot be loaded or asks for what the host does not carry out.
 */
export async function startFunctionsHost(options: FunctionsHostOptions): Promise<FunctionsHost> {
  const { root, log, blobPollMs = 1_000, graceMs = 10_000 } = options;
  const hostJson = await readHostJson(root);
  const manifest = await readAppManifest(root);
  Object.assign(process.env, options.settings);

  const core = installFunctionsCore(log);
  const appHooks = { hookData: {} };
  const functions = await loadApp(root, options.entry ?? manifest.main, core, appHooks);
  const model = core.model();
  if (model === undefined) throw new FunctionsHostError('E_APP', 'The app set no programming model');
  const capabilities = await model.getCapabilities({});

  const work = createWork();
  const invoke = createInvoke({ core, model, timeoutMs: hostJson.functionTimeout, log });
  const hostId = process.env.AzureFunctionsWebHost__hostid ?? hostIdFrom(manifest.name);
  const host: TriggerHost = { hostId, settings: process.env, hostJson, blobPollMs, invoke, work, log };
  const triggers = makeTriggers(functions, host);

  function runByHand(name: string, data: unknown): Promise<unknown> | undefined {
    const trigger = triggers.get(name.toLowerCase());
    const fn = functions.find((each) => each.name.toLowerCase() === name.toLowerCase());
    return trigger && fn && work.track(invokeByHand(fn, trigger, data));
  }

  async function invokeByHand(fn: HostedFunction, trigger: Trigger, data: unknown): Promise<unknown> {
    const input = await trigger.inputByHand(data);
    return (await invoke(fn, input, { reason: 'This function was started by hand' })).result;
  }

  const http = await startHttpListener({
    functions: functions.filter(isHttp),
    port: options.port ?? 0,
    limits: hostJson.extensions.http,
    streamUri: capabilities.HttpUri,
    invoke,
    runByHand,
    work,
    log,
  });

  let closing: Promise<void> | undefined;
  async function shutDown(): Promise<void> {
    http.stop();
    await settle([...triggers.values()].map((trigger) => trigger.stop()));
    if (!(await work.idle(graceMs))) {
      log('warning', 'Host', `Not every invocation ended within ${graceMs} ms`);
    }
    await settle([core.runHooks('appTerminate', appHooks)]);
    await settle([...[...triggers.values()].map((trigger) => trigger.release()), http.release()]);
    log('information', 'Host', 'Host stopped');
  }

  /** Waits for all of them, but not for ever: an SDK may be waiting for a service that is gone. */
  async function settle(tasks: readonly Promise<unknown>[]): Promise<void> {
    const stopping = createWork();
    for (const task of tasks) {
      stopping
        .track(task)
        .catch((error: unknown) => log('warning', 'Host', `While stopping: ${messageOf(error)}`));
    }
    if (!(await stopping.idle(graceMs))) {
      log('warning', 'Host', `A shutdown step took longer than ${graceMs} ms and was abandoned`);
    }
  }

  const close = (): Promise<void> => {
    closing ??= shutDown();
    return closing;
  };

  try {
    for (const [name, trigger] of triggers) await startListening(name, trigger);
  } catch (error) {
    await close();
    throw error;
  }
  log('information', 'Host', `Host started: ${functions.length} functions at ${http.url}`);
  return {
    url: http.url,
    functions: functions.map(({ name, trigger }) => ({ name, trigger: trigger.type })),
    invoke: async (name, data) => {
      const run = runByHand(name, data);
      if (run !== undefined) return await run;
      throw new FunctionsHostError(
        'E_APP',
        `There is no function ${name} to run by hand; there are ${[...triggers.keys()].join(', ')}`,
      );
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function startListening(name: string, trigger: Trigger): Promise<void> {
  try {
    await trigger.start();
  } catch (error) {
    if (error instanceof FunctionsHostError) throw error;
    const message = `Function ${name} cannot listen: ${messageOf(error)}`;
    throw new FunctionsHostError('E_LISTENER', message, { cause: error });
  }
}

function isHttp({ trigger }: HostedFunction): boolean {
  return trigger.type === 'httpTrigger';
}

/** By name in lower case: function names differ by more than case. HTTP functions share one listener instead. */
function makeTriggers(functions: readonly HostedFunction[], host: TriggerHost): Map<string, Trigger> {
  const triggers = new Map<string, Trigger>();
  for (const fn of functions.filter((each) => !isHttp(each))) {
    const make = triggerMakers[fn.trigger.type];
    if (make === undefined) {
      throw new FunctionsHostError(
        'E_BINDING',
        `Function ${fn.name} has a ${fn.trigger.type}, which the local host does not know; ` +
          `it knows httpTrigger, ${Object.keys(triggerMakers).join(', ')}`,
      );
    }
    if (fn.metadata.retryOptions !== undefined) {
      const what =
        'its retry policy is not carried out locally: a failure is tried again by its trigger only';
      host.log('warning', 'Host', `Function ${fn.name}: ${what}`);
    }
    triggers.set(fn.name.toLowerCase(), make(fn, host));
  }
  return triggers;
}

/** The Functions host's form: lower-case letters, digits and single dashes, at most 32 characters. */
function hostIdFrom(name: string): string {
  const dashed = name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
  return dashed.slice(0, 32).replaceAll(/^-|-$/g, '') || 'app';
}
