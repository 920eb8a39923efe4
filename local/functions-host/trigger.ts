import { FunctionsHostError } from './errors.ts';
import type { HostedFunction, Invoke, TriggerInput } from './invocation.ts';
import type { HostLog } from './log.ts';
import type { HostJson, Settings } from './settings.ts';
import type { Work } from './work.ts';

/** What starts one function. Made when the app has loaded, so that a wrong declaration stops the start. */
export interface Trigger {
  /** Begins to listen. */
  start(): Promise<void>;
  /** Takes nothing new; active invocations continue. */
  stop(): Promise<void>;
  /** Closes connections, after active invocations have ended. */
  release(): Promise<void>;
  /** What to invoke the function with when it is run by hand with `data`. */
  inputByHand(data: unknown): Promise<TriggerInput>;
}

/** What every kind of trigger is made from. */
export interface TriggerHost {
  /** Names this app in what is kept in storage. */
  readonly hostId: string;
  readonly settings: Settings;
  readonly hostJson: HostJson;
  /** Time between two looks at a blob container, in milliseconds. */
  readonly blobPollMs: number;
  readonly invoke: Invoke;
  readonly work: Work;
  readonly log: HostLog;
}

/** A required text among the trigger's options. Throws `E_BINDING` when it is absent. */
export function requiredOption({ name, trigger }: HostedFunction, option: string): string {
  const value = trigger[option];
  if (typeof value === 'string' && value !== '') return value;
  throw new FunctionsHostError('E_BINDING', `Function ${name} (${trigger.type}) needs the option ${option}`);
}

/** The name of the connection the trigger asks for, when it does. */
export function connectionName({ trigger }: HostedFunction): string | undefined {
  return typeof trigger.connection === 'string' ? trigger.connection : undefined;
}
