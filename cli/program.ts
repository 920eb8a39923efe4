import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Command, CommanderError } from 'commander';
import packageJson from '../package.json' with { type: 'json' };
import type { Environment } from '../shared/config/index.ts';
import { EXIT, exitCodeOf } from './exit-codes.ts';
import { Output, type Streams } from './output.ts';
import type { Run } from './run.ts';

/** What a command line runs with. */
export interface Surroundings extends Streams {
  /** Default: that of this process. */
  readonly environment?: Environment;
  /** Where local.settings.json is looked for. */
  readonly folder: string;
}

/** How long a command may take to end after it was stopped. */
const STOP_WITHIN_MS = 3_000;

/** Runs one command line and resolves to its exit code; never throws. */
export async function runCommand(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const { signal, folder } = surroundings;
  const output = new Output(surroundings, args.includes('--json'));
  let exitCode: number = EXIT.ok;
  const run: Run = async (work) => {
    const { readSettings } = await import('./settings.ts');
    const environment = await readSettings(surroundings.environment, folder);
    exitCode = await work({ streams: surroundings, output, environment });
  };
  const ended = new AbortController();
  try {
    const words = args.length === 0 ? ['--help'] : withHelpAsFlag(args);
    const program = createProgram(await commandsFor(words, run), surroundings);
    await Promise.race([parse(program, words), stopped(signal, ended.signal)]);
    return exitCode;
  } catch (error) {
    if (!(error instanceof WrongUseError)) {
      output.failure(error);
      return exitCodeOf(error);
    }
    output.wrongUse(error.message);
    return EXIT.wrongUse;
  } finally {
    ended.abort();
  }
}

interface CommandEntry {
  /** One line for the list of commands, and the first line of the command's own help. */
  readonly description: string;
  readonly load: () => Promise<(run: Run) => Command>;
}

/** In the order of the help. A command is loaded only when it is called; the list of commands needs only this. */
const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  import: {
    description: 'copy an image, index or artifact from registry to registry, digests preserved',
    load: async () => (await import('./commands/import.ts')).importCommand,
  },
  plan: {
    description: 'show what would be imported and why; exit code 3 if nothing',
    load: async () => (await import('./commands/plan.ts')).planCommand,
  },
  forecast: {
    description: 'estimate requests and pulls at each upstream; exit code 1 if over a limit or unknown',
    load: async () => (await import('./commands/forecast.ts')).forecastCommand,
  },
  sync: {
    description: 'copy now what watches select and targets lack; exit code 3 if nothing',
    load: async () => (await import('./commands/sync.ts')).syncCommand,
  },
  poll: {
    description: 'poll upstreams now and queue what changed',
    load: async () => (await import('./commands/poll.ts')).pollCommand,
  },
  status: {
    description: 'show import jobs, watch status, lag and its reasons, and budgets',
    load: async () => (await import('./commands/status.ts')).statusCommand,
  },
  retry: {
    description: 'queue failed jobs again',
    load: async () => (await import('./commands/retry.ts')).retryCommand,
  },
  events: {
    description: 'list what happened to tags of targets',
    load: async () => (await import('./commands/events.ts')).eventsCommand,
  },
  deletions: {
    description: 'list and approve deletions of tags that were deleted upstream',
    load: async () => (await import('./commands/deletions.ts')).deletionsCommand,
  },
  prune: {
    description: 'delete expired records, as a timer does once a day; images are not touched',
    load: async () => (await import('./commands/prune.ts')).pruneCommand,
  },
  export: {
    description: 'write artifacts to an archive, for registries without a network connection',
    load: async () => (await import('./commands/export.ts')).exportCommand,
  },
  'import-archive': {
    description: 'import an archive: from longshore export, an OCI image layout, or docker save',
    load: async () => (await import('./commands/import-archive.ts')).importArchiveCommand,
  },
  archive: {
    description: 'inspect archives',
    load: async () => (await import('./commands/archive.ts')).archiveCommand,
  },
  'export-pipeline': {
    description: 'manage pipelines from the registry to blob storage',
    load: async () => (await import('./commands/export-pipeline.ts')).exportPipelineCommand,
  },
  'import-pipeline': {
    description: 'manage pipelines from blob storage to the registry',
    load: async () => (await import('./commands/import-pipeline.ts')).importPipelineCommand,
  },
  'pipeline-run': {
    description: 'start pipeline runs and show their results',
    load: async () => (await import('./commands/pipeline-run.ts')).pipelineRunCommand,
  },
  webhooks: {
    description: 'show the registries that send notifications',
    load: async () => (await import('./commands/webhooks.ts')).webhooksCommand,
  },
  doctor: {
    description: 'diagnose problems',
    load: async () => (await import('./commands/doctor.ts')).doctorCommand,
  },
  config: {
    description: 'work with the configuration',
    load: async () => (await import('./commands/config.ts')).configCommand,
  },
};

/** `help config check` means `config check --help`. */
function withHelpAsFlag(args: readonly string[]): readonly string[] {
  const [word, name = '', ...rest] = args;
  return word === 'help' && Object.hasOwn(COMMANDS, name) ? [name, ...rest, '--help'] : args;
}

/** Every command, of which only the called one is loaded. */
function commandsFor(words: readonly string[], run: Run): Promise<readonly Command[]> {
  const called = words.find((word) => !word.startsWith('-'));
  return Promise.all(
    Object.entries(COMMANDS).map(async ([name, { description, load }]) => {
      const command = name === called ? (await load())(run) : new Command(name);
      return command.description(description);
    }),
  );
}

function createProgram(commands: readonly Command[], { stdout }: Streams): Command {
  const program = new Command('longshore')
    .description('Keeps your own copies of public container content fresh, complete and verified.')
    .version(packageJson.version, '-V, --version', 'print the version')
    .helpOption(HELP_FLAGS.join(', '), 'show this help')
    .helpCommand('help [command]', 'show the help of a command')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      // Errors are thrown, and printed by `Output`.
      writeErr: () => {},
    })
    .addHelpText('after', EXIT_CODES);
  for (const command of commands) program.addCommand(command);
  inheritSettings(program);
  return program;
}

const EXIT_CODES = `
Exit codes: 0 done, 1 failed, 2 wrong use or configuration, 3 nothing to do (plan,
sync, retry, deletions, prune, import-archive --dry-run, deleting pipelines and
runs), 130 stopped by Ctrl+C. With --json, stdout is one JSON document. Without a
result it is empty, and the last line of stderr is {"error": {"code", "message", ...}}.
`;

/** Commands that are made apart from their parent do not take over how it ends and where it writes. */
function inheritSettings(parent: Command): void {
  for (const command of parent.commands) {
    command.copyInheritedSettings(parent);
    inheritSettings(command);
  }
}

/** A wrong command line. The message has several lines. */
class WrongUseError extends Error {
  override readonly name = 'WrongUseError';
}

const HELP_FLAGS = ['-h', '--help'];

/** Whether a word in the place of a command is none. With a help flag, commander would show another command's help. */
function namesNoCommand(program: Command, [word = '-', ...rest]: readonly string[]): boolean {
  const inner = program.commands.find((command) => command.name() === word);
  if (inner) return namesNoCommand(inner, rest);
  return program.commands.length > 0 && word !== 'help' && !word.startsWith('-');
}

/** @throws WrongUseError for a wrong command line, and whatever the command throws */
async function parse(program: Command, words: readonly string[]): Promise<void> {
  try {
    const called = namesNoCommand(program, words)
      ? words.filter((word) => !HELP_FLAGS.includes(word))
      : words;
    await program.parseAsync(called, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help and version also end with an error.
    if (error.exitCode !== 0) throw new WrongUseError(explain(error, words, calledCommand(program, words)));
  }
}

function explain({ code, message }: CommanderError, words: readonly string[], command: string): string {
  const [first, topic] = words;
  const noHelp = first === 'help' && topic ? `unknown command '${topic}'` : 'expected a command';
  const what = code === 'commander.help' ? noHelp : message.replace(/^error: /, '');
  return `${what}\nTry: ${command} --help\n`;
}

/** The called command, such as `longshore config check`, without its arguments. */
function calledCommand(program: Command, words: readonly string[]): string {
  const [word, ...rest] = words;
  const inner = program.commands.find((command) => command.name() === word);
  return inner ? `${program.name()} ${calledCommand(inner, rest)}` : program.name();
}

/** Rejects with the reason of `signal` when a command has not ended in time after it was stopped. */
async function stopped(signal: AbortSignal, ended: AbortSignal): Promise<never> {
  if (!signal.aborted) await once(signal, 'abort', { signal: ended });
  await sleep(STOP_WITHIN_MS, undefined, { signal: ended });
  throw signal.reason;
}
