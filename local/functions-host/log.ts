export type LogLevel = 'trace' | 'debug' | 'information' | 'warning' | 'error' | 'critical' | 'none';

/**
 * Where everything that is said goes. Categories are the Functions host's own: `Host` for the host, `Function.NAME` for
 * an invocation starting and ending, `Function.NAME.User` for what the function itself logs.
 */
export type HostLog = (level: LogLevel, category: string, message: string) => void;
