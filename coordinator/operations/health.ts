/** Whether the process lives (/healthz) and whether it can do its work (/readyz), for supervisors and load balancers. */
import { statfs } from 'node:fs/promises';
import { z } from 'zod';
import type { Clock } from '../../shared/base/clock.ts';
import { json, route } from '../http/route.ts';
import { createRouter } from '../http/router.ts';
import type { LoadMonitor } from '../load/monitor.ts';
import { LEVELS, SHEDDABLE } from '../load/rules/load.ts';
import type { Database } from '../storage/database.ts';

/** With less free space the next uploads and writes would fail. */
const MIN_FREE_BYTES = 100 * 1024 ** 2;
/** However often it is asked, the disk is written to at most this often. */
const CHECK_EVERY_MS = 1_000;

const healthAnswer = z.object({
  status: z.literal('ok'),
  version: z.string(),
  /** Of the same host: where reports and attachments come from. */
  content_port: z.int(),
  uptime_seconds: z.number(),
  /** Whether it keeps up with what it is sent. Also overloaded it stores every result. */
  load: z.object({
    state: z.enum(LEVELS),
    since: z.string(),
    reasons: z.array(z.string()),
    /** How many of each were left out since the start. */
    left_out: z.record(z.enum(SHEDDABLE), z.int().min(0)),
  }),
  /** Of the newest good one. null: there is none. */
  backup_age_seconds: z.int().nullable(),
});
const check = z.enum(['ok', 'failed']);
const readyAnswer = z.object({
  status: z.enum(['ready', 'not_ready']),
  checks: z.object({
    /** A write was made durable. */
    database: check,
    /** There is room for uploads. */
    disk: check,
  }),
  /** What does not keep it from its work and should be mended, as sentences. */
  warnings: z.array(z.string()),
});
type Checks = z.infer<typeof readyAnswer>['checks'];

export interface HealthDeps {
  db: Database;
  clock: Clock;
  version: string;
  dataDir: string;
  contentPort: number;
  load: Pick<LoadMonitor, 'facts'>;
  /** Sentences about what should be mended. */
  faults: () => string[];
  /** When the newest good backup was taken, and sentences about what should be mended. */
  backups: () => { lastGoodAt: number | null; warnings: string[] };
  report: (error: unknown, during: string) => void;
}

export function healthRoutes({ db, clock, version, dataDir, contentPort, load, faults, backups, report }: HealthDeps) {
  const started = clock.monotonic();
  let checked: { at: number; checks: Promise<Checks> } | undefined;
  const checksNow = (): Promise<Checks> => {
    const now = clock.monotonic();
    if (!checked || now - checked.at > CHECK_EVERY_MS) checked = { at: now, checks: look() };
    return checked.checks;
  };
  const look = async (): Promise<Checks> => {
    const [database, disk] = await Promise.all([
      passes(canWrite(db, clock.now()), 'writing to the database'),
      passes(hasRoom(dataDir), 'looking at the free disk space'),
    ]);
    return { database, disk };
  };
  const passes = async (attempt: Promise<void>, during: string): Promise<'ok' | 'failed'> =>
    attempt.then(
      () => 'ok',
      (error: unknown) => {
        report(error, during);
        return 'failed';
      },
    );
  return createRouter()
    .openapi(
      route({
        method: 'get',
        path: '/healthz',
        access: 'public',
        tags: ['Operations'],
        summary: 'The process lives, and whether it keeps up',
        responses: { 200: json(healthAnswer, 'It does') },
      }),
      (c) => {
        const uptime = Math.round((clock.monotonic() - started) / 1000);
        const { level: state, since, reasons, leftOut } = load.facts;
        const told = { state, since: new Date(since).toISOString(), reasons: [...reasons], left_out: leftOut };
        const { lastGoodAt } = backups();
        const age = lastGoodAt === null ? null : Math.max(0, Math.round((clock.now() - lastGoodAt) / 1000));
        const body = {
          status: 'ok' as const,
          version,
          content_port: contentPort,
          uptime_seconds: uptime,
          load: told,
          backup_age_seconds: age,
        };
        return c.json(body, 200, { 'cache-control': 'no-store' });
      },
    )
    .openapi(
      route({
        method: 'get',
        path: '/readyz',
        access: 'public',
        tags: ['Operations'],
        summary: 'It can store what it is sent',
        responses: { 200: json(readyAnswer, 'Ready'), 503: json(readyAnswer, 'Not ready, and why') },
      }),
      async (c) => {
        const checks = await checksNow();
        const ready = Object.values(checks).every((result) => result === 'ok');
        const headers = { 'cache-control': 'no-store' };
        const warnings = [...faults(), ...backups().warnings];
        return ready
          ? c.json({ status: 'ready' as const, checks, warnings }, 200, headers)
          : c.json({ status: 'not_ready' as const, checks, warnings }, 503, headers);
      },
    );
}

async function canWrite(db: Database, now: number): Promise<void> {
  await db.write((w) =>
    w.run(
      `INSERT INTO meta (key, value) VALUES ('ready_check', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
      [String(now)],
    ),
  );
}

async function hasRoom(dir: string): Promise<void> {
  const { bavail, bsize } = await statfs(dir);
  if (bavail * bsize < MIN_FREE_BYTES) throw new Error(`only ${bavail * bsize} bytes are free in the data folder`);
}
