import type { Command } from 'commander';
import { parseSecretSource, type SecretSource } from '../../shared/transfer/index.ts';
import { collect, credentialsOption, jsonOption } from '../options.ts';
import { secretSources } from './options.ts';

/** Options of every command that reads an archive. */
export interface OpenFlags {
  readonly base?: readonly string[];
  readonly verifyKey?: readonly SecretSource[];
  readonly sasToken?: SecretSource;
  readonly config?: string;
}

export function addOpenFlags(command: Command): Command {
  return command
    .option('--base <file|url>', 'base of a differential archive; repeatable', collect)
    .option(
      '--verify-key <source>',
      'trusted public key: env:NAME, a Key Vault secret or a file; repeatable',
      secretSources,
    )
    .option(
      '--sas-token <source>',
      'SAS token for blobs: env:NAME, a Key Vault secret or a file',
      parseSecretSource,
    )
    .addOption(credentialsOption())
    .addOption(jsonOption());
}

export function openCall(from: string, { base, verifyKey, sasToken }: OpenFlags) {
  return { from, bases: base, verifyKeys: verifyKey, sasToken };
}
