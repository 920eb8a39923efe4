/**
 * How the bytes that pass through are held in memory. Each part saves allocations; what each gains is in
 * `docs/adr/0023-memory-of-passing-bytes.md`.
 */
export interface MemoryOptions {
  /** Connections read into pooled buffers, which are released when an upload has sent them. */
  readonly pools: boolean;
  /** Bodies are passed on read by read, without undici's stream between. */
  readonly streams: boolean;
  /** Short garbage collections return the memory of passed bytes early. */
  readonly reclaims: boolean;
}

export const LEAN_MEMORY: MemoryOptions = { pools: true, streams: true, reclaims: true };
/** What Node.js and undici do by themselves. */
export const PLAIN_MEMORY: MemoryOptions = { pools: false, streams: false, reclaims: false };
