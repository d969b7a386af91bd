/** Commands for backups. */
import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import type { BackupOptions } from '../commands/backup.ts';
import type { RestoreOptions } from '../commands/restore.ts';
import type { PassphraseOptions } from '../passphrase.ts';
import type { Act } from '../program.ts';

const JSON_OPTION = ['--json', 'print JSON'] as const;
const PASSPHRASE = [
  '--passphrase-file <file>',
  'what encrypts them (default: PLAYFLEET_BACKUP_PASSPHRASE, or asked for)',
] as const;
const NAME = ['--name <name>', 'which one, where there are several (default: the newest)'] as const;

export function addBackupCommands(program: Command, cli: Cli, act: Act): void {
  const backup = program
    .command('backup')
    .summary('take a backup of the coordinator, while it works')
    .description(
      'Takes a backup of the coordinator that you are logged in to, while it works, and reads it back before it counts.',
    )
    .option('--to <place>', 'also bring it here: into a folder of backups, or a file (*.tar) that is not there yet')
    .option('--encrypt', 'with a passphrase')
    .option(...PASSPHRASE)
    .option('--without-artifacts', 'leave files of reports and tests out')
    .option('--with-keys', 'with --data: put the keys into it although it is not encrypted')
    .option('--data <folder>', 'of a coordinator that is stopped: take it here, from its data folder')
    .option(...JSON_OPTION)
    .action(act(async (options: BackupOptions) => (await import('../commands/backup.ts')).takeBackup(cli, options)));
  backup
    .command('list')
    .argument('[folder]', "on this machine (default: the coordinator's)")
    .summary('backups that there are')
    .option(...JSON_OPTION)
    .action(
      act(async (folder: string | undefined, options: { json?: boolean }) =>
        (await import('../commands/backup.ts')).listBackups(cli, folder, options),
      ),
    );
  backup
    .command('verify')
    .argument('<from>', 'folder of backups, folder of one, or file')
    .summary('read all of a backup, as a restore would')
    .option(...NAME)
    .option(...PASSPHRASE)
    .option(...JSON_OPTION)
    .action(
      act(async (from: string, options: PassphraseOptions & { name?: string; json?: boolean }) =>
        (await import('../commands/backup.ts')).checkBackup(cli, from, options),
      ),
    );
  program
    .command('restore')
    .argument('<from>', 'folder of backups, folder of one, or file')
    .summary("make a coordinator's data folder of a backup")
    .requiredOption('--into <folder>', 'data folder; must be empty or not there')
    .option(...NAME)
    .option(...PASSPHRASE)
    .option(...JSON_OPTION)
    .action(
      act(async (from: string, options: RestoreOptions) =>
        (await import('../commands/restore.ts')).restore(cli, from, options),
      ),
    );
}
