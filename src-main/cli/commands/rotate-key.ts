/** `playfleet coordinator rotate-key`: seals all secrets of a data folder with a new key. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import pino from 'pino';
import { readCoordinatorConfig } from '../../../coordinator/config.ts';
import { rotateKey } from '../../../coordinator/rotate-key.ts';
import { printJson, printLine, type Cli } from '../cli.ts';
import { CliFailure, EXIT } from '../failure.ts';

export async function rotateDataKey(cli: Cli, flags: { data?: string; json?: boolean }): Promise<number> {
  const { dataDir } = readCoordinatorConfig({ data: flags.data });
  if (!existsSync(path.join(dataDir, 'playfleet.db')))
    throw new CliFailure(`There is no coordinator's data in ${dataDir}.`, 'Name its folder with --data.');
  const log = pino({ level: 'warn', base: null }, pino.destination({ fd: 2, sync: true }));
  const count = await rotateKey(dataDir, log).catch((error: unknown) => {
    if (!(error instanceof Error) || error.name !== 'StorageLockedError') throw error;
    throw new CliFailure(error.message, 'Stop the coordinator first; it goes on with the new key when it starts.', {
      cause: error,
    });
  });
  if (flags.json) printJson(cli, { rotated: true, values: count });
  else
    printLine(cli, `The key of ${dataDir} is new, and ${count} values are sealed with it. Backups keep the old one.`);
  return EXIT.ok;
}
