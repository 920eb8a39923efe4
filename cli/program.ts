import { Command, CommanderError } from 'commander';
import { type Environment, processEnvironment, withLocalSettings } from '../shared/config/index.ts';
import { configCommand } from './commands/config.ts';
import { importCommand } from './commands/import.ts';
import { planCommand } from './commands/plan.ts';
import { pollCommand } from './commands/poll.ts';
import { statusCommand } from './commands/status.ts';
import { EXIT, exitCodeOf } from './exit-codes.ts';
import { Output, type Streams } from './output.ts';

/** What every command gets, and the exit code it sets. */
export interface CommandContext {
  readonly streams: Streams;
  readonly output: Output;
  /** Settings: the process's, then those of local.settings.json or of a stack that runs here. */
  readonly environment: Environment;
}

/** Runs one command line and resolves to its exit code; never throws. */
export async function runCommand(args: readonly string[], streams: Streams): Promise<number> {
  const output = new Output(streams, args.includes('--json'));
  let exitCode: number = EXIT.ok;
  const run = async (work: (context: CommandContext) => Promise<number>) => {
    const environment = await withLocalSettings(processEnvironment(), '.');
    exitCode = await work({ streams, output, environment });
  };
  const program = new Command('longshore')
    .description('Keeps your own copies of public container content fresh, complete and verified.')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => streams.stdout.write(text),
      writeErr: (text) => streams.stderr.write(text),
    })
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 1 failed, 2 wrong use or configuration, 3 nothing to do (plan).\n',
    );
  for (const command of [importCommand, planCommand, pollCommand, statusCommand, configCommand]) {
    program.addCommand(command(run));
  }
  inheritSettings(program);
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.wrongUse;
    output.failure(error);
    return exitCodeOf(error);
  }
}

/** Hands a command's work to the runner, which gives it the context and takes its exit code. */
export type Run = (work: (context: CommandContext) => Promise<number>) => Promise<void>;

/** Commands that are made apart from their parent do not take over how it ends and where it writes. */
function inheritSettings(parent: Command): void {
  for (const command of parent.commands) {
    command.copyInheritedSettings(parent);
    inheritSettings(command);
  }
}
