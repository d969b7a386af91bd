/** The coordinator's disk is full for a while: nothing is acknowledged that is not stored, reads go on, and the run completes afterwards. */
import path from 'node:path';
import { count, createRun, getRun, notMeasured, pause, runEnded, startFleet, until, type Scenario } from '../bench.ts';
import { mountSmallDisk, NO_SMALL_DISK } from '../small-disk.ts';
import { writeSuite } from '../suite.ts';

const DISK_MB = 64;
const FULL_MS = 8_000;

export const fullDisk: Scenario = async (bench) => {
  const dir = path.join(bench.folder, 'disk');
  const disk = await mountSmallDisk(dir, DISK_MB);
  if (disk === null) return notMeasured(NO_SMALL_DISK);
  try {
    const suite = await writeSuite(path.join(bench.folder, 'suite'), 8, 400);
    const coordinator = await bench.programs.startCoordinator(path.join(dir, 'coordinator'));
    await startFleet(bench, coordinator, suite, 2, 2);
    const run = await createRun(coordinator, suite);
    await until(
      () => getRun(coordinator, run),
      ({ tests }) => tests.settled >= 5,
      'the first results',
    );
    await disk.fill();
    const refused = await until(
      () => refusedWrite(coordinator.url, coordinator.token),
      (status) => status === 507,
      'a write to be refused with 507',
      30_000,
    );
    const whileFull = await getRun(coordinator, run);
    await pause(FULL_MS);
    const before = await getRun(coordinator, run);
    await disk.free();
    const freed = performance.now();
    await until(
      () => getRun(coordinator, run),
      ({ tests, status }) => tests.settled > before.tests.settled || status === 'completed',
      'recovery',
    );
    const recovery = performance.now() - freed;
    const final = await runEnded(coordinator, run);
    return {
      acknowledged: before.tests.settled,
      ...(await count(coordinator, run, suite)),
      figures: {
        answer_when_full: refused,
        settled_when_full: whileFull.tests.settled,
        recovery_ms: Math.round(recovery),
        not_completed: final.status === 'completed' ? 0 : 1,
      },
      zero: ['not_completed'],
    };
  } finally {
    await bench.programs.stopAll();
    disk.unmount();
  }
};

async function refusedWrite(url: string, token: string): Promise<number> {
  const answer = await fetch(`${url}/api/v1/test-runs/create`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({
      name: 'does it fit',
      total_shards: 1,
      scheduled_for: '2099-01-01T00:00:00Z',
      description: 'x'.repeat(4000),
    }),
  });
  return answer.status;
}
