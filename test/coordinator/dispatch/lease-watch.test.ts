import { expect, onTestFinished, test } from 'vitest';
import type { Clock } from '../../../shared/base/clock.ts';
import { startLeaseWatch } from '../../../coordinator/dispatch/lease-watch.ts';
import { LEASE_MS, World } from '../../properties/world.ts';

const DAY = 86_400_000;

/** A run of which a worker holds a task, and a watch whose time is moved by hand. */
async function watched() {
  const world = new World();
  await world.prepare();
  onTestFinished(() => world.close());
  const runId = await world.createRun();
  await world.plan(['a', 'b']);
  const [claim] = await world.claim(runId, 'w1', 1);
  let steady = 0;
  let due = (): void => {};
  const clock: Clock = {
    now: () => world.clock.time,
    monotonic: () => steady,
    after: (_ms, fn) => {
      due = fn;
      return () => {};
    },
  };
  const rules = {
    poisonLimit: 3,
    breaker: { failuresInRow: 3, failurePercent: 50, windowMs: 1, coolDownMs: 1, coolDownLimitMs: 1 },
  };
  const report = (error: unknown): never => {
    throw error;
  };
  const failures = () => ({ rules, running: () => [] });
  onTestFinished(startLeaseWatch({ db: world.db, clock, leaseMs: () => LEASE_MS, failures, report }));
  /** One beat after `ms`, before which the wall clock was moved by `jump`. */
  const beat = async (ms: number, jump = 0): Promise<void> => {
    steady += ms;
    world.clock.time += ms + jump;
    const before = due;
    due();
    await expect.poll(() => due !== before).toBe(true);
  };
  const lease = async () => {
    const row = await world.db.read((r) =>
      r.get<{ state: string; lease_until: number | null }>('SELECT state, lease_until FROM tasks WHERE id = ?', [
        claim?.taskId ?? '',
      ]),
    );
    return { state: row?.state, leftMs: row?.lease_until == null ? null : row.lease_until - world.clock.time };
  };
  return { beat, lease };
}

test('a lease ends when its time is over', async () => {
  const { beat, lease } = await watched();
  for (let n = 0; n < LEASE_MS / 1000; n++) await beat(1000);
  expect(await lease()).toEqual({ state: 'assigned', leftMs: 0 });
  await beat(1000);
  expect(await lease()).toEqual({ state: 'pending', leftMs: null });
});

test('a clock that is put forward by a day ends no lease', async () => {
  const { beat, lease } = await watched();
  await beat(1000, DAY);
  expect(await lease()).toEqual({ state: 'assigned', leftMs: LEASE_MS });
});

test('a clock that is put back by a day makes no lease last that day', async () => {
  const { beat, lease } = await watched();
  await beat(1000, -DAY);
  expect(await lease()).toEqual({ state: 'assigned', leftMs: LEASE_MS });
});

test('after a coordinator stood still, everybody has some time to come back', async () => {
  const { beat, lease } = await watched();
  await beat(LEASE_MS + 60_000);
  expect(await lease()).toEqual({ state: 'assigned', leftMs: 30_000 });
});
