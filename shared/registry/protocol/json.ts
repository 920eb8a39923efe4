import { readJson } from '../../content/index.ts';

/** The value of UTF-8 JSON; `undefined`, which JSON cannot say, for anything else. */
export function parseJson(bytes: Uint8Array): unknown {
  try {
    return readJson(bytes);
  } catch {
    return undefined;
  }
}
