/** HTTP edge of backups: /api/v1/backups. */
import { Readable } from 'node:stream';
import type { Context } from 'hono';
import { z } from 'zod';
import type { Clock } from '../../shared/base/clock.ts';
import {
  backupArtifactsRequest,
  backupDownload,
  backupName,
  backupsAnswer,
  backupStarted,
  takeBackupRequest,
  type BackupsAnswer,
} from '../../shared/protocol/rest/backups.ts';
import { isoTimeOrNull } from '../../shared/protocol/rest/common.ts';
import { actorOf, recordAudit } from '../audit/record.ts';
import type { AppEnv } from '../http/env.ts';
import { requireUser } from '../http/principal.ts';
import { notFound, Refusal } from '../http/refusal.ts';
import { json, jsonBody, route } from '../http/route.ts';
import { createRouter } from '../http/router.ts';
import type { Database } from '../storage/database.ts';
import { lastAttempts, shown } from './attempts.ts';
import { inFolder } from './back-up.ts';
import { BackupError, diskTrouble } from './failures.ts';
import { artifactEntries, backupNames, listBackups, removeBackups, tarEntries } from './folder.ts';
import type { BackupKeeper } from './keeper.ts';
import { summaryOf } from './manifest.ts';
import { nextDue } from './rules/schedule.ts';
import type { BackupSettings } from './settings.ts';
import { packTar, tarSize, type TarEntry } from './tar.ts';

export interface BackupRoutesDeps {
  db: Database;
  clock: Clock;
  keeper: BackupKeeper;
  settings: () => BackupSettings;
}

const tags: [string] = ['Backups'];
const nameParam = z.object({ name: backupName });
const SHOWN = 20;
export const TAR = 'application/x-tar';

export function backupRoutes({ db, clock, keeper, settings }: BackupRoutesDeps) {
  const requireBackup = async (name: string): Promise<string> => {
    const { folder } = settings();
    if (!(await backupNames(folder)).includes(name)) throw notFound(`backup ${name}`);
    return folder;
  };
  const overview = async (): Promise<BackupsAnswer> => {
    const { folder, namedFolder, schedule } = settings();
    const { backups, broken } = await listBackups(folder).catch((error: unknown) => unseen(error, folder));
    const { lastGoodAt, warnings } = keeper.standing('admins');
    return {
      items: backups.map(({ manifest }) => summaryOf(manifest)),
      folder: namedFolder,
      schedule: schedule.every,
      next_at: isoTimeOrNull(nextDue(schedule, clock.now())),
      last_good_at: isoTimeOrNull(lastGoodAt),
      warnings: [...warnings, ...broken],
      attempts: (await db.read((r) => lastAttempts(r, SHOWN))).map(shown),
    };
  };
  const download = async (
    c: Context<AppEnv>,
    name: string,
    entries: readonly TarEntry[],
    artifacts: string | number,
  ) => {
    const now = clock.now();
    const data = { artifacts };
    await db.write((w) => recordAudit(w, { ...actorOf(c), action: 'backup.downloaded', target: name, data }, now));
    const stream = Readable.toWeb(Readable.from(packTar(entries))) as unknown as ReadableStream;
    return c.body(stream, 200, {
      'content-type': TAR,
      'content-length': String(tarSize(entries)),
      'content-disposition': `attachment; filename="${name}.tar"`,
      'cache-control': 'no-store',
    });
  };
  return createRouter()
    .openapi(
      route({
        method: 'get',
        path: '/backups',
        access: 'admin of all',
        tags,
        summary: 'Backups that there are, how the last ones went, and when the next one is due',
        responses: { 200: json(backupsAnswer, 'The backups') },
      }),
      async (c) => c.json(await overview(), 200),
    )
    .openapi(
      route({
        method: 'post',
        path: '/backups',
        access: 'admin of all',
        tags,
        summary: 'Take a backup now',
        description: 'Answers at once; GET /backups tells how it goes. 409 while one is being taken.',
        request: { body: jsonBody(takeBackupRequest) },
        responses: { 202: json(backupStarted, 'It is being taken') },
      }),
      async (c) => {
        const artifacts = c.req.valid('json').artifacts ?? settings().artifacts;
        const { name: by } = requireUser(c);
        const { id } = await keeper.take({ trigger: 'asked', by, actor: actorOf(c), artifacts });
        const row = (await db.read((r) => lastAttempts(r, SHOWN))).find((one) => one.id === id);
        if (!row) throw new Error('the attempt that was begun is not there');
        return c.json({ attempt: shown(row) }, 202);
      },
    )
    .openapi(
      route({
        method: 'get',
        path: '/backups/{name}/download',
        access: 'admin of all',
        tags,
        summary: 'A backup as one file (tar), for playfleet restore',
        request: { params: nameParam, query: backupDownload },
        responses: { 200: { content: { [TAR]: { schema: z.string() } }, description: 'The file' } },
      }),
      async (c) => {
        const { name } = c.req.valid('param');
        const { artifacts } = c.req.valid('query');
        const folder = await requireBackup(name);
        const entries = await refusing(() => tarEntries(folder, name, artifacts === 'all'));
        return download(c, name, entries, artifacts);
      },
    )
    .openapi(
      route({
        method: 'post',
        path: '/backups/{name}/artifacts',
        access: 'admin of all',
        tags,
        summary: 'Some artifacts of a backup as one file (tar)',
        description: 'For folders of backups that have the others already.',
        request: { params: nameParam, body: jsonBody(backupArtifactsRequest) },
        responses: { 200: { content: { [TAR]: { schema: z.string() } }, description: 'The file' } },
      }),
      async (c) => {
        const { name } = c.req.valid('param');
        const { artifacts } = c.req.valid('json');
        const folder = await requireBackup(name);
        const entries = await refusing(() => artifactEntries(folder, name, artifacts));
        return download(c, name, entries, artifacts.length);
      },
    )
    .openapi(
      route({
        method: 'delete',
        path: '/backups/{name}',
        access: 'admin of all',
        tags,
        summary: 'Delete a backup, and the artifacts that no other one has',
        request: { params: nameParam },
        responses: { 200: json(backupsAnswer, 'Those that are left') },
      }),
      async (c) => {
        const { name } = c.req.valid('param');
        const folder = await requireBackup(name);
        await refusing(() => inFolder(folder, () => removeBackups(folder, [name])));
        const now = clock.now();
        await db.write((w) => recordAudit(w, { ...actorOf(c), action: 'backup.removed', target: name }, now));
        return c.json(await overview(), 200);
      },
    );
}

/** A folder that cannot be read is told of, with all the rest: the mend may be a setting. */
function unseen(error: unknown, folder: string): { backups: []; broken: string[] } {
  const trouble = error instanceof BackupError ? error.message : diskTrouble(error, folder);
  if (trouble === null) throw error;
  return { backups: [], broken: [`${trouble.replace(/\.$/, '')}.`] };
}

async function refusing<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof BackupError) throw new Refusal(409, 'backup_trouble', error.message, { cause: error });
    throw error;
  }
}
