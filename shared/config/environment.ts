/** Environment variables, as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The environment this process was given. Not for use while modules load: a Functions worker gets its settings later. */
export function processEnvironment(): Environment {
  return process.env;
}
