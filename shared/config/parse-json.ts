/** `undefined` for what is not JSON. The text may hold secrets, and a JSON parser quotes what it stumbles over: no cause goes along. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
