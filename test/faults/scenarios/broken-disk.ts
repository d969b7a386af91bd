/** A disk that fails when it is told to keep what was written, and a second program at the database. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { ended, root, type Coordinator } from '../../../scripts/programs.ts';
import { getRun, notMeasured, pause, runEnded, until, type Bench, type Finding, type Scenario } from '../bench.ts';
import { audit, createScriptedRun, startScripted, testNames, type ScriptedFleet } from '../scripted-agent.ts';

const TESTS = 200;

export const failingSync: Scenario = async (bench) => {
  if (spawnSync('strace', ['-V']).status !== 0) return notMeasured('strace is not installed');
  const rounds = bench.thorough ? 5 : 2;
  return atWork(
    bench,
    async (coordinator, _run, fleet) => {
      let [attached, failures, ackedWhileFailing] = [0, 0, 0];
      for (let round = 0; round < rounds; round++) {
        await pause(300 + bench.random() * 500);
        const tracer = spawn(
          'strace',
          [
            ...['-f', '-qq', '-e', 'trace=fsync,fdatasync', '-e', 'inject=fsync,fdatasync:error=EIO'],
            ...['-p', String(coordinator.process.pid)],
          ],
          { stdio: ['ignore', 'ignore', 'pipe'] },
        );
        const firstFailure = new Promise<boolean>((resolve) => {
          createInterface({ input: tracer.stderr }).on('line', (line) => {
            if (!line.includes('(INJECTED)')) return;
            failures++;
            resolve(true);
          });
          tracer.once('exit', () => resolve(false));
          setTimeout(() => resolve(false), 10_000);
        });
        if (!(await firstFailure)) continue;
        attached++;
        const before = fleet.acks();
        await pause(1_500);
        ackedWhileFailing += fleet.acks() - before;
        tracer.kill('SIGINT');
        await once(tracer, 'exit');
      }
      if (attached === 0) return null;
      return { rounds: attached, failed_syncs: failures, acknowledged_while_failing: ackedWhileFailing };
    },
    ['acknowledged_while_failing'],
  );
};

const LOCKED_MS = 3_000;

export const secondProcess: Scenario = (bench) =>
  atWork(
    bench,
    async (coordinator, _run, fleet) => {
      const second = bench.programs.start(
        ['coordinator', '--port', '0', '--content-port', '0', '--data', coordinator.dataDir, '--log-level', 'silent'],
        { stdio: 'ignore' },
      );
      const refused = await Promise.race([ended(second), pause(15_000).then(() => 0)]);
      const holder = spawn(process.execPath, ['-e', HOLD, path.join(coordinator.dataDir, 'playfleet.db')], {
        cwd: root,
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const [line] = (await once(createInterface({ input: holder.stdout }), 'line')) as [string];
      // What was committed before the lock may still be on its way.
      await pause(300);
      const before = fleet.acks();
      await pause(LOCKED_MS - 600);
      const ackedWhileLocked = fleet.acks() - before;
      await ended(holder);
      return {
        second_refused: refused,
        not_refused: refused === 0 ? 1 : 0,
        not_locked: line === 'locked' ? 0 : 1,
        acknowledged_while_locked: ackedWhileLocked,
      };
    },
    ['not_refused', 'not_locked', 'acknowledged_while_locked'],
  );

const HOLD = `
const Database = require('libsql');
const db = new Database(process.argv[1]);
db.exec('PRAGMA busy_timeout = 5000');
db.exec('BEGIN IMMEDIATE');
console.log('locked');
setTimeout(() => { db.exec('ROLLBACK'); db.close(); }, ${LOCKED_MS});
`;

/** Something happens to the coordinator while workers report; what a fresh process then finds is what was acknowledged. */
async function atWork(
  bench: Bench,
  disturb: (coordinator: Coordinator, run: string, fleet: ScriptedFleet) => Promise<Record<string, number> | null>,
  zero: string[],
): Promise<Finding> {
  let coordinator = await bench.programs.startCoordinator(path.join(bench.folder, 'coordinator'));
  const fleet = await startScripted(coordinator, 2, { slots: 4, testMs: 400, testIds: testNames(TESTS) });
  try {
    const run = await createScriptedRun(coordinator);
    await until(
      () => getRun(coordinator, run),
      ({ tests }) => tests.settled > 4,
      'the first results',
    );
    const figures = await disturb(coordinator, run, fleet);
    if (figures === null) return notMeasured('no failure could be injected here');
    const acked = fleet.ledger.acknowledged.size;
    coordinator.process.kill('SIGKILL');
    await ended(coordinator.process);
    coordinator = await bench.programs.startCoordinator(coordinator.dataDir, { before: coordinator });
    const { tests } = await getRun(coordinator, run);
    await runEnded(coordinator, run);
    return {
      ...(await audit(coordinator, [run], TESTS, fleet)),
      figures: {
        ...figures,
        acked_minus_stored: Math.max(0, acked - tests.settled),
      },
      zero: [...zero, 'acked_minus_stored'],
    };
  } finally {
    fleet.close();
  }
}
