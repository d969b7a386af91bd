import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { SYSTEM } from '../../../coordinator/audit/record.ts';
import { BackupKeeper } from '../../../coordinator/backups/keeper.ts';
import { lastAttempts } from '../../../coordinator/backups/attempts.ts';
import type { BackupSettings } from '../../../coordinator/backups/settings.ts';
import type { Database, StoredEvent } from '../../../coordinator/storage/database.ts';
import type { Clock } from '../../../shared/base/clock.ts';
import { readMigrations } from '../../support/migrations.ts';
import { mountSmallDisk } from '../../faults/small-disk.ts';
import { freshDatabase, temporaryFolder } from '../storage/fresh.ts';

/** Wall-clock time that a test moves; its timers fire when told to. */
class HandClock implements Clock {
  time: number;
  #due: (() => void)[] = [];
  constructor(time: number) {
    this.time = time;
  }
  now(): number {
    return this.time;
  }
  monotonic(): number {
    return performance.now();
  }
  after(_ms: number, fn: () => void): () => void {
    this.#due.push(fn);
    return () => (this.#due = this.#due.filter((one) => one !== fn));
  }
  tick(): void {
    for (const fn of this.#due.splice(0)) fn();
  }
}

const DAY = 86_400_000;
const ASKED = { trigger: 'asked' as const, by: 'me', actor: SYSTEM, artifacts: true };

async function setUp(over: Partial<BackupSettings> = {}) {
  const dataDir = temporaryFolder();
  const clock = new HandClock(Date.parse('2026-11-21T12:00:00Z'));
  const db = await freshDatabase({ file: path.join(dataDir, 'playfleet.db'), migrations: readMigrations(), clock });
  const settings: BackupSettings = {
    schedule: { every: 'daily', time: '03:00', weekday: 'sunday', zone: 'UTC' },
    keep: { daily: 2, weekly: 0, zone: 'UTC' },
    folder: path.join(dataDir, 'backups'),
    namedFolder: null,
    artifacts: true,
    passphrase: null,
    ...over,
  };
  const events: StoredEvent[] = [];
  db.onCommitted((more) => events.push(...more));
  const options = { db, clock, dataDir, version: '1', settings: () => settings, report: () => undefined };
  const keeper = await BackupKeeper.open(options);
  onTestFinished(() => keeper.stop());
  return { keeper, clock, db, settings, events, options };
}

/** Lets minutes pass, of which each looks whether one is due, until so many have ended. */
const ended = async ({ db, clock }: { db: Database; clock: HandClock }, count: number) => {
  const tries = () => db.read((r) => lastAttempts(r, 50));
  const done = async () => {
    clock.tick();
    return (await tries()).filter(({ state }) => state !== 'running').length;
  };
  await expect.poll(done, { timeout: 30_000 }).toBe(count);
  for (let n = 0; n < 5; n++) expect(await done()).toBe(count);
  return tries();
};

test('what is due is taken once a day, what was missed once, and the oldest makes room', async () => {
  const { keeper, clock, db, settings, events } = await setUp();
  await ended({ db, clock }, 1);
  for (let day = 1; day <= 2; day++) {
    clock.time += DAY;
    await ended({ db, clock }, 1 + day);
  }
  // Off for five days: one is made up for.
  clock.time += 5 * DAY;
  const tried = await ended({ db, clock }, 4);
  expect(tried.map(({ trigger, by, state }) => [trigger, by, state])).toEqual(
    Array(4).fill(['scheduled', 'schedule', 'done']),
  );
  expect(readdirSync(settings.folder).filter((name) => name.startsWith('playfleet-'))).toEqual([
    'playfleet-20261123T120000Z',
    'playfleet-20261128T120000Z',
  ]);
  expect(tried[0]?.detail).toBe('It took the place of playfleet-20261122T120000Z.');
  expect(events.map(({ type }) => type)).toEqual(Array(4).fill('backup.done'));
  expect(keeper.standing()).toEqual({ lastGoodAt: clock.time, warnings: [] });
});

test('a failure is seen, what was there stays, and it is tried again after an hour', async () => {
  const { keeper, clock, db, settings, events } = await setUp();
  await ended({ db, clock }, 1);
  const good = settings.folder;
  settings.folder = path.join(good, '..', 'a-file');
  writeFileSync(settings.folder, 'in the way');
  clock.time += DAY;
  await ended({ db, clock }, 2);
  expect(keeper.standing().warnings).toEqual([expect.stringMatching(/^The last backup failed/)]);
  expect(events.at(-1)).toMatchObject({ type: 'backup.failed', data: { by: 'schedule' } });
  expect(readdirSync(good).filter((name) => name.startsWith('playfleet-'))).toHaveLength(1);
  rmSync(settings.folder);
  settings.folder = good;
  clock.time += 3_600_000;
  await ended({ db, clock }, 3);
  expect(keeper.standing().warnings).toEqual([]);
});

test('only one at a time, and one that the process before left is told and swept away', async () => {
  const { keeper, db, settings, options } = await setUp();
  const first = await keeper.take(ASKED);
  await expect(keeper.take(ASKED)).rejects.toMatchObject({ status: 409, code: 'backup_running' });
  await first.ended;
  await keeper.stop();
  const left = path.join(settings.folder, '.playfleet-20260101T000000Z.partial');
  mkdirSync(left);
  await db.write((w) =>
    w.run("INSERT INTO backup_attempts (id, started_at, trigger, by, state) VALUES ('x', 1, 'asked', 'me', 'running')"),
  );
  const again = await BackupKeeper.open(options);
  onTestFinished(() => again.stop());
  const tried = await db.read((r) => lastAttempts(r, 5));
  expect(tried.at(-1)).toMatchObject({
    state: 'failed',
    detail: expect.stringContaining('The coordinator ended') as string,
  });
  await (
    await again.take(ASKED)
  ).ended;
  expect(readdirSync(settings.folder)).not.toContain('.playfleet-20260101T000000Z.partial');
});

test('stopping ends one that is being taken, and nothing of it stays', async () => {
  const { keeper, db, settings } = await setUp();
  await keeper.take(ASKED);
  await keeper.stop();
  const [tried] = await db.read((r) => lastAttempts(r, 1));
  expect(tried).toMatchObject({ state: 'failed', detail: expect.stringContaining('stopped') as string });
  expect(readdirSync(settings.folder).filter((name) => name.includes('playfleet-'))).toEqual([]);
  // The file is moved on again.
  await db.frozen(() => Promise.resolve());
});

test('on a full disk it fails in plain words, keeps what was there, and works again when there is room', async (t) => {
  const place = path.join(temporaryFolder(), 'disk');
  const disk = await mountSmallDisk(place, 8);
  if (!disk) return t.skip('mounting a small file system is not allowed here');
  onTestFinished(() => disk.unmount());
  const { keeper, db, settings, clock } = await setUp({ folder: path.join(place, 'backups') });
  await (
    await keeper.take(ASKED)
  ).ended;
  await disk.fill();
  clock.time += 1000;
  const before = readdirSync(settings.folder).sort();
  await (
    await keeper.take(ASKED)
  ).ended;
  const [full] = await db.read((r) => lastAttempts(r, 1));
  expect(full).toMatchObject({
    state: 'failed',
    detail: expect.stringMatching(/The disk of .* is full. Free space there/) as string,
  });
  expect(readdirSync(settings.folder).sort()).toEqual(before);
  await disk.free();
  clock.time += 1000;
  await (
    await keeper.take(ASKED)
  ).ended;
  expect(await db.read((r) => lastAttempts(r, 1))).toMatchObject([{ state: 'done' }]);
});
