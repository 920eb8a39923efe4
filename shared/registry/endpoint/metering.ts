import type { CallOptions } from '../http/index.ts';
import type { PullAllowance } from '../protocol/index.ts';

/** What a response says about the registry's rate limits. */
export interface RateLimitReport {
  /** As written in references. */
  readonly registry: string;
  /** `web`: the registry's own web API, which has separate limits. */
  readonly api: 'registry' | 'web';
  readonly pulls?: PullAllowance | undefined;
  /** How long to send nothing more, in milliseconds; `null`: a 429 that does not say how long. */
  readonly pauseMs?: number | null | undefined;
}

/** Told of each manifest request before it is sent, retries included. */
export interface PullMeter {
  /**
   * What it throws ends the operation. `undefined`: the meter does not count this request.
   * @param request `isPull`: a GET, which registries count; they do not count a HEAD
   */
  begin(request: { readonly isPull: boolean } & CallOptions): Promise<MeteredRequest | undefined>;
}

/** A request that was sent. */
export interface MeteredRequest {
  /** It was answered, or failed. `status` and `report` are missing when there was no response. */
  end(response: {
    readonly status?: number | undefined;
    readonly report?: RateLimitReport | undefined;
  }): Promise<void>;
}

/** For operations that may pull manifests. */
export interface PullOptions extends CallOptions {
  readonly meter?: PullMeter | undefined;
}
