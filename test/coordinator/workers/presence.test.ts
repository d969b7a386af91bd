import path from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import type { Database } from '../../../coordinator/storage/database.ts';
import { migrations } from '../../../coordinator/storage/migrations.ts';
import { openDatabase } from '../../../coordinator/storage/open.ts';
import { createToken } from '../../../coordinator/identity/create-token.ts';
import { forgetHeartbeats } from '../../../coordinator/workers/forget-heartbeats.ts';
import { Presence } from '../../../coordinator/workers/presence.ts';
import { getWorker } from '../../../coordinator/workers/queries.ts';
import { recordHeartbeat } from '../../../coordinator/workers/record-heartbeat.ts';
import { registerWorker } from '../../../coordinator/workers/register-worker.ts';
import { normaliseCapabilities } from '../../../coordinator/workers/rules.ts';
import { machineMetrics } from '../../../shared/protocol/work.ts';
import { tempFolder } from '../../support/folders.ts';

const METRICS = machineMetrics.parse({});

/** Wall and monotonic time that a test moves; due timers run when it does. */
class TestClock {
  wall = 1_800_000_000_000;
  mono = 1_000;
  #timers = new Set<{ at: number; fn: () => void }>();
  now = () => this.wall;
  monotonic = () => this.mono;
  after = (ms: number, fn: () => void) => {
    const timer = { at: this.mono + ms, fn };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  };
  /** Both times go on, in one step: as when nothing runs meanwhile. */
  jump(ms: number): void {
    this.wall += ms;
    this.mono += ms;
    for (const timer of [...this.#timers]) {
      if (timer.at > this.mono) continue;
      this.#timers.delete(timer);
      timer.fn();
    }
  }
}

let clock: TestClock;
let db: Database;
let offline: string[];

beforeEach(async () => {
  clock = new TestClock();
  offline = [];
  const report = (error: unknown) => {
    throw error;
  };
  const opened = await openDatabase({ file: path.join(tempFolder(), 'playfleet.db'), migrations, clock, report });
  db = opened;
  onTestFinished(() => opened.close());
});

function watch(): Presence {
  const presence = new Presence({
    db,
    clock,
    timeoutMs: () => 120_000,
    onOffline: async (_, workerId, reason) => void offline.push(`${workerId}: ${reason}`),
    report: (error) => {
      throw error;
    },
  });
  onTestFinished(() => presence.stop());
  return presence;
}

async function register(hostname: string): Promise<string> {
  const capabilities = normaliseCapabilities({ browsers: [], platform: 'linux' });
  const { workerId } = await db.write(async (w) => {
    const token = await createToken(w, { kind: 'join', name: 't', role: null, createdBy: 't' }, clock.now());
    const asked = {
      joinToken: token.secret,
      hostname,
      ipAddress: '',
      capabilities,
      tags: [],
      agentVersion: null,
      needsApproval: false,
    };
    return registerWorker(w, asked, clock.now());
  });
  return workerId;
}

/** Lets time go by in steps in which everything that is due runs. */
async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 5_000) {
    clock.jump(5_000);
    // Two rounds through the database: the look at who is silent, and what follows from it.
    await db.write(async () => undefined);
    await db.write(async () => undefined);
    await db.write(async () => undefined);
  }
}

const beat = (presence: Presence, id: string) => {
  presence.heard(id);
  return db.write((w) => recordHeartbeat(w, id, METRICS, 0, clock.now()));
};

const statusOf = async (id: string) => (await db.read((r) => getWorker(r, null, id)))?.status;

test('a worker that falls silent goes offline once, with its reason and an event, and comes back with a heartbeat', async () => {
  const presence = watch();
  const [silent, lively] = [await register('silent'), await register('lively')];
  for (let minute = 0; minute < 2; minute++) {
    await beat(presence, lively);
    await pass(60_000);
  }
  expect(await statusOf(silent)).toBe('idle');
  await beat(presence, lively);
  await pass(15_000);
  expect(await statusOf(silent)).toBe('offline');
  expect(await statusOf(lively)).toBe('idle');
  await beat(presence, lively);
  await pass(60_000);
  expect(offline).toEqual([`${silent}: it was not heard of for 120 s`]);
  expect((await db.read((r) => getWorker(r, null, silent)))?.failed_health_checks).toBe(1);
  await beat(presence, silent);
  expect(await statusOf(silent)).toBe('idle');
  expect((await db.read((r) => getWorker(r, null, silent)))?.failed_health_checks).toBe(0);
  const types = await db.read((r) =>
    r.all<{ type: string }>('SELECT type FROM events WHERE worker_id = ? ORDER BY seq', [silent]),
  );
  expect(types.map((row) => row.type)).toEqual(['worker.enrolled', 'worker.online', 'worker.offline', 'worker.online']);
});

test('after a start nobody is offline before a whole time-out has gone by', async () => {
  const id = await register('box');
  clock.wall += 86_400_000;
  watch();
  await pass(115_000);
  expect(await statusOf(id)).toBe('idle');
  await pass(20_000);
  expect(await statusOf(id)).toBe('offline');
});

test('a wall clock that jumps sends nobody offline and keeps nobody online', async () => {
  const presence = watch();
  const id = await register('box');
  for (const jump of [86_400_000, -10 * 86_400_000]) {
    await beat(presence, id);
    clock.wall += jump;
    await pass(60_000);
    expect(await statusOf(id)).toBe('idle');
  }
  await pass(70_000);
  expect(await statusOf(id)).toBe('offline');
});

test('when the coordinator itself stood still, everybody gets a whole time-out again', async () => {
  const presence = watch();
  const id = await register('box');
  await beat(presence, id);
  await pass(100_000);
  // Suspended for an hour.
  clock.jump(3_600_000);
  await pass(115_000);
  expect(offline).toEqual([]);
  await pass(20_000);
  expect(offline).toHaveLength(1);
});

test('old heartbeats are forgotten in pieces, new ones are kept', async () => {
  const id = await register('box');
  for (let n = 0; n < 10; n++) await db.write((w) => recordHeartbeat(w, id, METRICS, n, clock.now() + n * 3_600_000));
  const now = clock.now() + 53 * 3_600_000;
  expect(await db.write((w) => forgetHeartbeats(w, 3, now))).toBe(3);
  expect(await db.write((w) => forgetHeartbeats(w, 3, now))).toBe(2);
  expect(await db.write((w) => forgetHeartbeats(w, 3, now))).toBe(0);
  const left = await db.read((r) =>
    r.all<{ tasks_running: number }>('SELECT tasks_running FROM worker_heartbeats ORDER BY id'),
  );
  expect(left.map((row) => row.tasks_running)).toEqual([5, 6, 7, 8, 9]);
});
