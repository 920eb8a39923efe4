import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Command, CommanderError } from 'commander';
import packageJson from '../package.json' with { type: 'json' };
import { type Environment, processEnvironment, withLocalSettings } from '../shared/config/index.ts';
import { EXIT, exitCodeOf } from './exit-codes.ts';
import { Output, type Streams } from './output.ts';
import type { Run } from './run.ts';

/** What a command line is run with. */
export interface Surroundings extends Streams {
  /** Default: this process's. */
  readonly environment?: Environment;
  /** Where local.settings.json is looked for. */
  readonly folder: string;
}

/** How long a command may take to end by itself after it was stopped. */
const STOP_WITHIN_MS = 3_000;

/** Runs one command line and resolves to its exit code; never throws. */
export async function runCommand(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const { signal, folder, environment: given = processEnvironment() } = surroundings;
  const output = new Output(surroundings, args.includes('--json'));
  let exitCode: number = EXIT.ok;
  const run: Run = async (work) => {
    const environment = await withLocalSettings(given, folder);
    exitCode = await work({ streams: surroundings, output, environment });
  };
  const ended = new AbortController();
  try {
    const words = args.length === 0 ? ['--help'] : withHelpAsFlag(args);
    const program = createProgram(await loadCommands(words, run), surroundings);
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

/** In the order of the help. Each loads what it alone needs, so that an import starts without what a poll takes. */
const COMMANDS: Readonly<Record<string, () => Promise<(run: Run) => Command>>> = {
  import: async () => (await import('./commands/import.ts')).importCommand,
  plan: async () => (await import('./commands/plan.ts')).planCommand,
  forecast: async () => (await import('./commands/forecast.ts')).forecastCommand,
  sync: async () => (await import('./commands/sync.ts')).syncCommand,
  poll: async () => (await import('./commands/poll.ts')).pollCommand,
  status: async () => (await import('./commands/status.ts')).statusCommand,
  retry: async () => (await import('./commands/retry.ts')).retryCommand,
  deletions: async () => (await import('./commands/deletions.ts')).deletionsCommand,
  prune: async () => (await import('./commands/prune.ts')).pruneCommand,
  export: async () => (await import('./commands/export.ts')).exportCommand,
  'import-archive': async () => (await import('./commands/import-archive.ts')).importArchiveCommand,
  archive: async () => (await import('./commands/archive.ts')).archiveCommand,
  'export-pipeline': async () => (await import('./commands/export-pipeline.ts')).exportPipelineCommand,
  'import-pipeline': async () => (await import('./commands/import-pipeline.ts')).importPipelineCommand,
  'pipeline-run': async () => (await import('./commands/pipeline-run.ts')).pipelineRunCommand,
  webhooks: async () => (await import('./commands/webhooks.ts')).webhooksCommand,
  doctor: async () => (await import('./commands/doctor.ts')).doctorCommand,
  config: async () => (await import('./commands/config.ts')).configCommand,
};

/** `help config check` means `config check --help`. */
function withHelpAsFlag(args: readonly string[]): readonly string[] {
  const [word, name = '', ...rest] = args;
  return word === 'help' && Object.hasOwn(COMMANDS, name) ? [name, ...rest, '--help'] : args;
}

/** The command that is called, or all of them for the help, and for what to suggest instead of an unknown one. */
async function loadCommands([name = '']: readonly string[], run: Run): Promise<readonly Command[]> {
  const called = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  const loads = called ? [called] : Object.values(COMMANDS);
  return await Promise.all(loads.map(async (load) => (await load())(run)));
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
      // What was wrong comes back as an error, and is said in one place.
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
runs), 130 stopped by Ctrl+C. With --json, stdout is one JSON document, also for
failures.
`;

/** Commands that are made apart from their parent do not take over how it ends and where it writes. */
function inheritSettings(parent: Command): void {
  for (const command of parent.commands) {
    command.copyInheritedSettings(parent);
    inheritSettings(command);
  }
}

/** The command line makes no sense. The message is several lines. */
class WrongUseError extends Error {
  override readonly name = 'WrongUseError';
}

const HELP_FLAGS = ['-h', '--help'];

/** Whether one of the words is in the place of a command and is none. With a help flag, commander would explain another. */
function namesNoCommand(program: Command, [word = '-', ...rest]: readonly string[]): boolean {
  const inner = program.commands.find((command) => command.name() === word);
  if (inner) return namesNoCommand(inner, rest);
  return program.commands.length > 0 && word !== 'help' && !word.startsWith('-');
}

/** @throws WrongUseError, besides what the command throws. */
async function parse(program: Command, words: readonly string[]): Promise<void> {
  try {
    const called = namesNoCommand(program, words)
      ? words.filter((word) => !HELP_FLAGS.includes(word))
      : words;
    await program.parseAsync(called, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help and version end like this, too.
    if (error.exitCode !== 0) throw new WrongUseError(explain(error, words, calledCommand(program, words)));
  }
}

function explain({ code, message }: CommanderError, words: readonly string[], command: string): string {
  const [first, topic] = words;
  const noHelp = first === 'help' && topic ? `unknown command '${topic}'` : 'expected a command';
  const what = code === 'commander.help' ? noHelp : message.replace(/^error: /, '');
  return `${what}\nTry: ${command} --help\n`;
}

/** `longshore config check`, of the words as many as name a command. */
function calledCommand(program: Command, words: readonly string[]): string {
  const [word, ...rest] = words;
  const inner = program.commands.find((command) => command.name() === word);
  return inner ? `${program.name()} ${calledCommand(inner, rest)}` : program.name();
}

/** Rejects with the reason of `signal` when a command that was stopped has not ended in time. */
async function stopped(signal: AbortSignal, ended: AbortSignal): Promise<never> {
  if (!signal.aborted) await once(signal, 'abort', { signal: ended });
  await sleep(STOP_WITHIN_MS, undefined, { signal: ended });
  throw signal.reason;
}
