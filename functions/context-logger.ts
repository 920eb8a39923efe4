import type { InvocationContext } from '@azure/functions';
import type { LogFields, Logger } from '../shared/telemetry/index.ts';

/** Writes through the invocation's own log, so that every line carries its invocation id. */
export function contextLogger(context: InvocationContext): Logger {
  return {
    debug: (message, fields) => context.debug(line(message, fields)),
    info: (message, fields) => context.info(line(message, fields)),
    warn: (message, fields) => context.warn(line(message, fields)),
    error: (message, fields) => context.error(line(message, fields)),
  };
}

function line(message: string, fields: LogFields | undefined): string {
  return fields ? `${message} ${JSON.stringify(fields)}` : message;
}
