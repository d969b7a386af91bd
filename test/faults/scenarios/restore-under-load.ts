/**
 * The machine of a coordinator is gone while many workers report: its newest backup, taken under that load, is restored elsewhere and goes on.
 * All that was acknowledged before the backup was asked for must be there; what came after is known to nobody, and is run again.
 */
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { api, ended, type Coordinator } from '../../../scripts/programs.ts';
import type { BackupAttempt, BackupsAnswer } from '../../../shared/protocol/rest/backups.ts';
import { configure, getRun, pause, percentile, runEnded, until, type Bench, type Scenario } from '../bench.ts';
import { audit, createScriptedRun, startScripted, testNames, type ScriptedFleet } from '../scripted-agent.ts';

const AGENTS = 4;
const TESTS = 400;
const OPEN_RUNS = 2;
/** Acknowledged between one backup and the next. */
const NEWS = 150;

interface Load {
  fleet: ScriptedFleet;
  runs: string[];
}

export const restoreUnderLoad: Scenario = async (bench) => {
  const rounds = bench.thorough ? 6 : 2;
  const folder = path.join(bench.folder, 'backups');
  let coordinator = await bench.programs.startCoordinator(path.join(bench.folder, 'coordinator-0'));
  await configure(coordinator, { backup_folder: folder });
  const fleet = await startScripted(coordinator, AGENTS, { slots: 4, testMs: 60, testIds: testNames(TESTS) });
  const load: Load = { fleet, runs: [] };
  const figures = {
    rpo: [] as number[],
    rto: [] as number[],
    restore: [] as number[],
    taking: [] as number[],
    blocked: [] as number[],
  };
  let checked = 0;
  try {
    for (let round = 1; round <= rounds; round++) {
      const before = fleet.ledger.acknowledged.size;
      await busy(coordinator, load, () => fleet.ledger.acknowledged.size >= before + NEWS);
      const known = { results: new Set(fleet.ledger.acknowledged), runs: [...load.runs] };
      const asked = performance.now();
      const attempt = await backUp(coordinator);
      figures.taking.push(performance.now() - asked);
      figures.blocked.push(attempt.blocked_ms ?? Infinity);
      await pause(bench.random() * 1000);
      coordinator.process.kill('SIGKILL');
      const killed = { at: Date.now(), monotonic: performance.now() };
      await ended(coordinator.process);
      const into = path.join(bench.folder, `coordinator-${round}`);
      const restored = await restore(bench, folder, into);
      if (restored.backup !== attempt.backup) throw new Error(`${restored.backup} was restored, not ${attempt.backup}`);
      figures.restore.push(restored.took_ms);
      figures.rpo.push(killed.at - Date.parse(restored.state_of));
      // From here on only what the backup must hold counts as acknowledged.
      fleet.ledger.acknowledged = known.results;
      load.runs = known.runs;
      checked += known.results.size;
      const acks = fleet.acks();
      coordinator = await bench.programs.startCoordinator(into, { before: coordinator });
      // All runs may have been over when the backup was taken.
      load.runs.push(await createScriptedRun(coordinator));
      await until(
        async () => fleet.acks(),
        (now) => now > acks,
        'an acknowledgement after the restore',
        60_000,
      );
      figures.rto.push(performance.now() - killed.monotonic);
    }
    for (const run of load.runs) await runEnded(coordinator, run);
    return {
      ...(await audit(coordinator, load.runs, TESTS, fleet)),
      acknowledged: checked,
      figures: {
        restores: rounds,
        forgotten_after_ack: fleet.ledger.forgotten,
        stale_reports: fleet.agents.reduce((sum, agent) => sum + agent.stale, 0),
        rpo_max_ms: Math.round(Math.max(...figures.rpo)),
        rto_p50_ms: percentile(figures.rto, 50),
        rto_max_ms: Math.round(Math.max(...figures.rto)),
        restore_max_ms: Math.max(...figures.restore),
        backup_max_ms: Math.round(Math.max(...figures.taking)),
        blocked_max_ms: Math.round(Math.max(...figures.blocked)),
      },
      zero: ['forgotten_after_ack'],
    };
  } finally {
    fleet.close();
  }
};

/** Keeps runs open until `enough`. */
async function busy(coordinator: Coordinator, load: Load, enough: () => boolean): Promise<void> {
  const end = performance.now() + 120_000;
  while (!enough()) {
    if (performance.now() > end) throw new Error('the load stood still for two minutes');
    const states = await Promise.all(load.runs.slice(-OPEN_RUNS).map((run) => getRun(coordinator, run)));
    const open = states.filter(({ status }) => status !== 'completed').length;
    for (let n = open; n < OPEN_RUNS; n++) load.runs.push(await createScriptedRun(coordinator));
    await pause(50);
  }
}

async function backUp(coordinator: Coordinator): Promise<BackupAttempt> {
  const { attempt } = await api<{ attempt: BackupAttempt }>(coordinator, 'POST', '/backups', {});
  const done = await until(
    async () => (await api<BackupsAnswer>(coordinator, 'GET', '/backups')).attempts.find(({ id }) => id === attempt.id),
    (one) => one?.state !== 'running',
    'the end of the backup',
  );
  if (done?.state !== 'done') throw new Error(`the backup failed: ${done?.detail}`);
  return done;
}

interface RestoredFacts {
  backup: string;
  state_of: string;
  took_ms: number;
}

async function restore(bench: Bench, from: string, into: string): Promise<RestoredFacts> {
  const child = bench.programs.start(['restore', from, '--into', into, '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [answer, code] = await Promise.all([text(child.stdout!), ended(child)]);
  if (code !== 0) throw new Error(`playfleet restore ended with ${code}: ${answer}`);
  return JSON.parse(answer) as RestoredFacts;
}
