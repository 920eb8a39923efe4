import { execFile } from 'node:child_process';
import * as z from 'zod';
import { ConfigError } from '../../errors.ts';
import type { CallOptions, Credentials } from '../../registry/index.ts';
import type { Environment } from '../environment.ts';
import { parseJson } from '../parse-json.ts';

const TIMEOUT_MS = 45_000;
const MAX_OUTPUT_BYTES = 64 * 1024;
/** What every helper says for "nothing stored" (docker-credential-helpers, `credentials/error.go`). */
const NOT_FOUND = 'credentials not found in native keychain';
/** The user name that marks the secret as a token. */
const TOKEN_USER = '<token>';

const answerSchema = z.object({ Username: z.string(), Secret: z.string() });

export interface HelperQuestion {
  /** The program's name without `docker-credential-`. */
  readonly helper: string;
  /** As Docker names the registry. */
  readonly server: string;
  /** The file that names the helper, for messages. */
  readonly where: string;
}

/**
 * Asks a credential helper of Docker: `docker-credential-NAME get`, the server on its input, JSON on its output.
 * `undefined` when it has nothing for the server.
 * @throws ConfigError for a helper that is not there or fails; it quotes nothing of what the helper wrote.
 */
export async function askCredentialHelper(
  { helper, server, where }: HelperQuestion,
  env: Environment,
  { signal }: CallOptions = {},
): Promise<Credentials | undefined> {
  const failed = (how: string) => new ConfigError([{ where, message: `the credential helper ${how}` }]);
  // It becomes the name of a program.
  if (!/^[a-z0-9-]{1,64}$/.test(helper)) {
    throw failed('has a name of other characters than a-z, 0-9 and "-"');
  }
  const program = `docker-credential-${helper}`;
  const { failure, output } = await run(program, server, env, signal);
  signal?.throwIfAborted();
  if (failure === undefined) {
    const answer = answerSchema.safeParse(parseJson(output)).data;
    if (!answer) throw failed(`${program} did not answer with credentials`);
    const { Username: username, Secret: secret } = answer;
    if (secret === '') return undefined;
    if (username === TOKEN_USER) return { kind: 'token', token: secret };
    return { kind: 'password', username, password: secret };
  }
  if (output.includes(NOT_FOUND)) return undefined;
  throw failed(`${program} ${failure}; see what it says to: echo ${server} | ${program} get`);
}

interface Ran {
  /** How it failed, when it did. */
  readonly failure: string | undefined;
  readonly output: string;
}

async function run(
  program: string,
  input: string,
  env: Environment,
  signal: AbortSignal | undefined,
): Promise<Ran> {
  const { promise, resolve } = Promise.withResolvers<Ran>();
  const child = execFile(
    program,
    ['get'],
    {
      env: { ...env },
      shell: false,
      timeout: TIMEOUT_MS,
      killSignal: 'SIGKILL',
      maxBuffer: MAX_OUTPUT_BYTES,
      encoding: 'utf8',
      windowsHide: true,
      ...(signal && { signal }),
    },
    (error, output) => resolve({ failure: error ? howItFailed(error) : undefined, output }),
  );
  // A helper that ends without reading its input is judged by its exit.
  child.stdin?.on('error', () => {});
  child.stdin?.end(`${input}\n`);
  return await promise;
}

function howItFailed({ code, killed }: { readonly code?: unknown; readonly killed?: boolean }): string {
  if (code === 'ENOENT') return 'is not installed';
  if (code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') return 'wrote too much';
  if (killed) return `did not answer within ${TIMEOUT_MS / 1000} s`;
  return typeof code === 'number' ? `failed with exit code ${code}` : 'could not be run';
}
