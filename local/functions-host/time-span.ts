const clockForm = /^(?:(\d+)\.)?(\d{1,5}):(\d{1,2})(?::(\d{1,2}))?$/;

/**
 * A .NET `TimeSpan` as host.json and timer schedules write it, in milliseconds: `hh:mm`, `hh:mm:ss`, `d.hh:mm:ss`.
 * `undefined` when it is none. As in .NET, a first part above 23 in `xx:yy:zz` counts days: `24:00:00` is 24 days.
 */
export function parseTimeSpan(text: string): number | undefined {
  const match = clockForm.exec(text.trim());
  if (match === null) return undefined;
  const [days, first = 0, second = 0, third] = match
    .slice(1)
    .map((part) => (part ? Number(part) : undefined));
  const firstIsDays = first > 23 && days === undefined && third !== undefined;
  const [d, h, m, s] = firstIsDays ? [first, second, third, 0] : [days ?? 0, first, second, third ?? 0];
  if (h > 23 || m > 59 || s > 59) return undefined;
  return (((d * 24 + h) * 60 + m) * 60 + s) * 1000;
}
