import type { InvocationContext } from '@azure/functions';
import type { LogFields, Logger } from '../shared/telemetry/index.ts';

/** Writes through the invocation's own log, so that every line carries its invocation id. */
export function contextLogger(context: InvocationContext): Logger {
  const line = (message: string, fields: LogFields = {}) => `${message} ${JSON.stringify(fields)}`;
  return {
    debug: (message, fields) => context.debug(line(message, fields)),
    info: (message, fields) => context.info(line(message, fields)),
    warn: (message, fields) => context.warn(line(message, fields)),
    error: (message, fields) => context.error(line(message, fields)),
  };
}
