/** `playfleet backup`: takes, lists and checks backups; of a coordinator that runs, or of the data folder of one that is stopped. */
import os from 'node:os';
import path from 'node:path';
import {
  BackupError,
  backUpDataFolder,
  backupsIn,
  isFile,
  receiveBackup,
  verifyBackup,
  type WhichOne,
} from '../../../coordinator/backup.ts';
import { readCoordinatorConfig } from '../../../coordinator/config.ts';
import {
  backupsAnswer,
  backupStarted,
  type Backup,
  type BackupAttempt,
} from '../../../shared/protocol/rest/backups.ts';
import { printJson, printLine, styleOf, type Cli } from '../cli.ts';
import { CliFailure, EXIT } from '../failure.ts';
import { watchInterrupts } from '../interrupts.ts';
import { openApi, type OpenApi } from '../open-api.ts';
import { foreignLine } from '../terminal/foreign.ts';
import { bytes, counted } from '../terminal/format.ts';
import { tableLines, type Column } from '../terminal/table.ts';
import { wait } from '../../transfer/retry.ts';
import { VERSION } from '../version.ts';
import { readPassphrase, type PassphraseOptions } from '../passphrase.ts';

export interface BackupOptions extends PassphraseOptions {
  to?: string;
  encrypt?: boolean;
  /** `--without-artifacts`. */
  withoutArtifacts?: boolean;
  withKeys?: boolean;
  /** Of a coordinator that is stopped. */
  data?: string;
  json?: boolean;
}

const POLL_MS = 300;

export async function takeBackup(cli: Cli, options: BackupOptions): Promise<number> {
  return interruptible(cli, (signal) =>
    options.data === undefined ? takeOnline(cli, options, signal) : takeOffline(cli, options, options.data, signal),
  );
}

async function takeOffline(cli: Cli, options: BackupOptions, data: string, signal: AbortSignal): Promise<number> {
  if (options.to === undefined)
    throw new CliFailure('--to is missing.', 'Name the folder or the file that the backup goes to.');
  const { dataDir } = readCoordinatorConfig({ data });
  const passphrase = options.encrypt ? await readPassphrase(cli, options) : null;
  const started = cli.clock.monotonic();
  const { manifest, writtenBytes } = await backUpDataFolder({
    dataDir,
    to: placeOf(cli, options.to),
    version: VERSION,
    passphrase,
    withKeys: options.withKeys === true,
    withArtifacts: options.withoutArtifacts !== true,
    now: () => cli.clock.now(),
    signal,
  }).catch((error: unknown) => {
    if ((error as Error).name !== 'StorageLockedError') throw error;
    throw new CliFailure(
      `A coordinator is running on ${dataDir}.`,
      'Leave --data out: then the running coordinator takes the backup (playfleet login first).',
      { cause: error },
    );
  });
  const tookMs = Math.round(cli.clock.monotonic() - started);
  const facts = { backup: manifest.name, to: options.to, taken_at: manifest.taken_at, written_bytes: writtenBytes };
  if (options.json) printJson(cli, { ...facts, encrypted: manifest.encrypted, took_ms: tookMs, verified: true });
  else {
    printLine(
      cli,
      `${manifest.name} is in ${options.to}, and was read back whole (${bytes(writtenBytes)} written, ${tookMs} ms).`,
    );
    tellOfKeys(
      cli,
      manifest.parts.some(({ name }) => name === 'keys/secret.key'),
    );
  }
  return EXIT.ok;
}

async function takeOnline(cli: Cli, options: BackupOptions, signal: AbortSignal): Promise<number> {
  const { to, encrypt, withKeys } = options;
  if (to === undefined && encrypt)
    throw new CliFailure(
      '--encrypt needs --to.',
      'What lies in the folder of the coordinator is encrypted by its setting backup_passphrase.',
    );
  if (withKeys)
    throw new CliFailure(
      '--with-keys needs --data.',
      'A running coordinator puts its keys only into encrypted backups: set backup_passphrase in its settings.',
    );
  const place = to === undefined ? null : placeOf(cli, to);
  const api = await openApi(cli);
  const given = encrypt || hasPassphrase(cli, options) ? await readPassphrase(cli, options) : null;
  const attempt = await takeThere(cli, api, options, signal);
  const name = attempt.backup;
  if (attempt.state !== 'done' || name === null)
    throw new CliFailure(`The coordinator could not take it: ${foreignLine(attempt.detail ?? '')}`);
  const taken = (await api.get('/api/v1/backups', backupsAnswer)).items.find((one) => one.name === name);
  if (place !== null) {
    const sealed = taken?.encrypted === true;
    if (sealed && given === null)
      throw new CliFailure(
        `${name} was taken, and is encrypted with the coordinator's backup_passphrase.`,
        'Give that with --passphrase-file, so that it can be checked here.',
      );
    // A folder has the artifacts of former backups already.
    const below = `/api/v1/backups/${name}`;
    const open = async (path: string, body?: unknown) => bytesIn(await api.open(path, {}, signal, body));
    const parts = isFile(place)
      ? { content: await open(`${below}/download`), artifacts: null }
      : {
          content: await open(`${below}/download?artifacts=none`),
          artifacts: (artifacts: readonly string[]) => open(`${below}/artifacts`, { artifacts }),
        };
    const encryptWith = encrypt && !sealed ? given : null;
    await receiveBackup({ ...parts, to: place, passphrase: sealed ? given : null, encrypt: encryptWith, signal });
  }
  if (options.json) printJson(cli, { ...attempt, to: to ?? null, verified: true });
  else {
    const where = to === undefined ? "in the coordinator's folder" : `in ${to}, and in the coordinator's folder`;
    printLine(
      cli,
      `${name} is ${where}, and was read back whole (${bytes(attempt.written_bytes ?? 0)} written there).`,
    );
    if (attempt.detail !== null) printLine(cli, foreignLine(attempt.detail));
    if (taken?.has_keys === false)
      printLine(
        cli,
        'The keys of the coordinator (secret.key, tls) are not in it: it puts them only into what its setting backup_passphrase encrypts.',
      );
  }
  return EXIT.ok;
}

function bytesIn(response: Response): AsyncIterable<Uint8Array> {
  if (!response.body) throw new CliFailure('The coordinator sent no backup.');
  return response.body;
}

/** Asks for a backup and waits until it is done or has failed. */
async function takeThere(cli: Cli, api: OpenApi, options: BackupOptions, signal: AbortSignal): Promise<BackupAttempt> {
  const body = options.withoutArtifacts ? { artifacts: false } : {};
  const { attempt } = await api.send('POST', '/api/v1/backups', body, backupStarted, { signal });
  for (;;) {
    const { attempts } = await api.get('/api/v1/backups', backupsAnswer, { signal });
    const now = attempts.find((one) => one.id === attempt.id);
    if (now && now.state !== 'running') return now;
    await wait(POLL_MS, cli.clock, signal);
  }
}

export async function listBackups(cli: Cli, from: string | undefined, { json }: { json?: boolean }): Promise<number> {
  const there = from === undefined ? await (await openApi(cli)).get('/api/v1/backups', backupsAnswer) : null;
  const { items, warnings } = there ?? (await listFolder(cli, from ?? ''));
  if (json) {
    printJson(cli, there ?? { items, warnings });
    return EXIT.ok;
  }
  const columns: Column<Backup>[] = [
    { title: 'NAME', value: (one) => one.name },
    { title: 'STATE OF', value: (one) => one.taken_at.replace('T', ' ').replace(/\.\d+Z$/, 'Z') },
    { title: 'BYTES', value: (one) => bytes(one.bytes), right: true },
    { title: 'RUNS', value: (one) => String(one.counts.runs), right: true },
    { title: 'ARTIFACTS', value: (one) => (one.artifacts === null ? 'left out' : String(one.artifacts)), right: true },
    { title: 'ENCRYPTED', value: (one) => (one.encrypted ? 'yes' : 'no') },
    { title: 'KEYS', value: (one) => (one.has_keys ? 'yes' : 'no') },
  ];
  for (const line of tableLines(items, columns, styleOf(cli), cli.stdout.columns ?? 140)) printLine(cli, line);
  if (items.length === 0) printLine(cli, 'There is no backup yet: playfleet backup');
  if (there) {
    const where =
      there.folder === null
        ? "the folder backups of the coordinator's data"
        : `${foreignLine(there.folder)} on the coordinator's machine`;
    printLine(cli, `They lie in ${where}.`);
    if (there.next_at !== null)
      printLine(cli, `The next one is due ${there.next_at.slice(0, 16).replace('T', ' ')} UTC.`);
    else printLine(cli, 'None is taken by itself: set backup_schedule.');
  }
  for (const warning of warnings) printLine(cli, styleOf(cli).paint('yellow', foreignLine(warning)));
  return EXIT.ok;
}

async function listFolder(cli: Cli, from: string): Promise<{ items: Backup[]; warnings: string[] }> {
  const { backups, broken } = await told(backupsIn(path.resolve(cli.cwd, from)));
  return { items: backups, warnings: broken };
}

export async function checkBackup(
  cli: Cli,
  from: string,
  options: PassphraseOptions & { name?: string; json?: boolean },
): Promise<number> {
  return interruptible(cli, async (signal) => {
    const which = await whichOne(cli, from, options);
    const started = cli.clock.monotonic();
    const checked = await verifyBackup(which, os.tmpdir(), signal);
    const took = Math.round(cli.clock.monotonic() - started);
    if (options.json) printJson(cli, { whole: true, ...checked, took_ms: took });
    else {
      const { paint, signs } = styleOf(cli);
      printLine(
        cli,
        paint(
          'green',
          `${signs.passed} It can be restored: ${bytes(checked.bytes)} and ${counted(checked.artifacts, 'artifact', 'artifacts')} are what they were.`,
        ),
      );
      if (checked.missing > 0)
        printLine(cli, `${counted(checked.missing, 'artifact', 'artifacts')} were lost before it was taken.`);
    }
    return EXIT.ok;
  });
}

/** The backup that is meant, with its passphrase where one was given. */
export async function whichOne(
  cli: Cli,
  from: string,
  options: PassphraseOptions & { name?: string },
): Promise<WhichOne> {
  const passphrase = hasPassphrase(cli, options) ? await readPassphrase(cli, options) : null;
  return {
    from: path.resolve(cli.cwd, from),
    passphrase,
    ...(options.name === undefined ? {} : { name: options.name }),
  };
}

const hasPassphrase = (cli: Cli, { passphraseFile }: PassphraseOptions): boolean =>
  passphraseFile !== undefined || cli.config.variables['PLAYFLEET_BACKUP_PASSPHRASE'] !== undefined;

/** A folder keeps its separator: it tells it from a file that is not there yet. */
function placeOf(cli: Cli, to: string): string {
  const place = path.resolve(cli.cwd, to);
  return /[/\\]$/.test(to) || !isFile(place) ? place + path.sep : place;
}

export function tellOfKeys(cli: Cli, hasKeys: boolean): void {
  if (hasKeys) return;
  printLine(
    cli,
    'The keys of the coordinator (secret.key, tls) are not in it: keep a copy of them elsewhere, or use --encrypt.',
  );
}

/** Ctrl-C ends it, and leaves nothing half-written. */
export async function interruptible(cli: Cli, work: (signal: AbortSignal) => Promise<number>): Promise<number> {
  const interrupts = watchInterrupts(() => process.exit(EXIT.cancelled));
  try {
    return await told(work(interrupts.signal));
  } catch (error) {
    if (!interrupts.signal.aborted) throw error;
    printLine(cli, 'Stopped; nothing of it was kept.');
    return EXIT.cancelled;
  } finally {
    interrupts.end();
  }
}

/** What is wrong with a backup is the user's to mend. */
export async function told<T>(work: Promise<T>): Promise<T> {
  return work.catch((error: unknown) => {
    throw error instanceof BackupError ? new CliFailure(error.message, '', { cause: error }) : error;
  });
}
