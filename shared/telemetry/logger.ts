export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** A fixed message that can be counted, with the facts as fields. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** For callers who want no log. */
export const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };
