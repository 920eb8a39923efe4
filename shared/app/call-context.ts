import type { Logger } from '../telemetry/index.ts';

export interface CallContext {
  readonly logger?: Logger | undefined;
  readonly signal?: AbortSignal | undefined;
}
