const UNITS = [
  ['d', 86_400],
  ['h', 3_600],
  ['min', 60],
] as const;

/** `6 h`, `90 s`, `1.5 d`: in the largest unit that it reaches. */
export function describeSeconds(seconds: number): string {
  const [unit, size] = UNITS.find(([, length]) => seconds >= 2 * length || seconds === length) ?? ['s', 1];
  return `${Math.round((seconds / size) * 10) / 10} ${unit}`;
}
