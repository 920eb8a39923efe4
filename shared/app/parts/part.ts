import type { Logger } from '../../telemetry/index.ts';
import type { Probe } from '../readiness.ts';

/** What one capability adds to the application. */
export interface Part<Facade extends object> {
  /** What triggers and commands call; all facades together are the application. */
  readonly facade: Facade;
  /** What must answer for the capability to work, by the name that readiness shows. */
  readonly probes?: Readonly<Record<string, Probe>>;
  close?(): Promise<void>;
}

export interface CallContext {
  readonly logger?: Logger | undefined;
  readonly signal?: AbortSignal | undefined;
}
