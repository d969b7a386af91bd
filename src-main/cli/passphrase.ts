/** The passphrase of backups: from a file, the environment, or the terminal. It never stands on a command line, where all can see it. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Cli } from './cli.ts';
import { CliFailure, messageOf } from './failure.ts';
import { askHidden } from './terminal/ask-hidden.ts';

export interface PassphraseOptions {
  passphraseFile?: string;
}

export async function readPassphrase(
  cli: Cli,
  { passphraseFile }: PassphraseOptions,
  input: NodeJS.ReadStream = process.stdin,
): Promise<string> {
  const given =
    passphraseFile === undefined
      ? (cli.config.variables['PLAYFLEET_BACKUP_PASSPHRASE'] ?? (await ask(cli, input)))
      : await readFile(path.resolve(cli.cwd, passphraseFile), 'utf8').catch((cause: unknown) => {
          throw new CliFailure(`--passphrase-file ${passphraseFile} cannot be read: ${messageOf(cause)}.`, '', {
            cause,
          });
        });
  const passphrase = given.replace(/\r?\n$/, '');
  if (passphrase === '') throw new CliFailure('The passphrase is empty.', 'It must have at least 12 characters.');
  return passphrase;
}

async function ask(cli: Cli, input: NodeJS.ReadStream): Promise<string> {
  const mend = 'Give one with --passphrase-file or PLAYFLEET_BACKUP_PASSPHRASE.';
  if (!input.isTTY) throw new CliFailure('There is no passphrase.', mend);
  return askHidden(cli, 'Passphrase of the backups', 'Nothing was done.', input);
}
