import type { Digest } from './digest.ts';

/** How far the upload of one blob got in one upload session of a registry. */
export interface UploadState {
  /** The URL of the session. It may itself authorize writing there: a secret, so not for messages or logs. */
  readonly location: string;
  /** Bytes that had arrived. The registry knows better. */
  readonly offset: number;
  /** Of the whole blob, in bytes. */
  readonly size: number;
  /** The least the registry takes in one chunk, or more. */
  readonly chunkBytes: number;
  /** When the last chunk arrived. */
  readonly savedAt: Date;
}

/** Upload sessions in progress, saved so that other processes can resume them. */
export interface UploadSessions {
  /** Claims the upload of a blob to a repository; `undefined` while another worker holds it. */
  claim(upload: {
    readonly registry: string;
    readonly repository: string;
    readonly digest: Digest;
  }): Promise<UploadClaim | undefined>;
}

/** Held by one worker at a time. It expires minutes after it was last used, so that a crashed worker does not keep it. */
export interface UploadClaim {
  /** What the last holder saved. */
  readonly saved: UploadState | undefined;
  /** Saves the state of the upload. `false`: the claim expired and another worker holds it now. */
  save(upload: UploadState): Promise<boolean>;
  /** Removes the saved state: there is nothing to resume. */
  forget(): Promise<void>;
  /** Lets another worker resume from what is saved. */
  release(): Promise<void>;
}
