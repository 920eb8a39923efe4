/** Which bytes a 206 answer has (RFC 9110 section 14.4). */
export interface ContentRange {
  /** The first byte, counted from 0. */
  readonly start: number;
  /** The last byte, itself included. */
  readonly end: number;
  /** Of the whole; `undefined` when the server does not say. */
  readonly total: number | undefined;
}

/** Reads `Content-Range: bytes 5-9/10`; `undefined` for anything else. */
export function parseContentRange(header: string | undefined): ContentRange | undefined {
  const [, start, end, total] =
    /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/i.exec(header?.trim() ?? '') ?? [];
  if (start === undefined || Number(start) > Number(end)) return undefined;
  return { start: Number(start), end: Number(end), total: total === '*' ? undefined : Number(total) };
}
