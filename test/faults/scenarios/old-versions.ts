/** Agents and coordinators of one version before or after, and a database of an older version whose migrations are killed half-way. */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { systemClock } from '../../../shared/base/clock.ts';
import { LINK_PROTOCOL, OLDEST_LINK_PROTOCOL } from '../../../shared/protocol/link.ts';
import { count, createRun, runEnded, startBehind, type Bench, type Scenario } from '../bench.ts';
import { startProxy } from '../link-proxy.ts';
import { audit, createScriptedRun, startScripted, testNames } from '../scripted-agent.ts';
import { writeSuite } from '../suite.ts';
import { oldDatabase } from '../old-database.ts';

const TESTS = 30;

export const oldVersions: Scenario = async (bench) => {
  const coordinator = await bench.programs.startCoordinator(path.join(bench.folder, 'coordinator'));
  let failed = 0;
  const sum = { acknowledged: 0, stored: 0, lost: 0, double_counted: 0 };
  const add = (one: typeof sum): void => {
    for (const key of Object.keys(sum) as (keyof typeof sum)[]) sum[key] += one[key];
  };
  const protocols = [OLDEST_LINK_PROTOCOL, LINK_PROTOCOL, LINK_PROTOCOL + 1];
  for (const protocol of protocols) {
    const fleet = await startScripted(coordinator, 2, {
      slots: 2,
      testMs: 20,
      testIds: testNames(TESTS),
      protocol,
      prefix: `protocol-${protocol}`,
    });
    const run = await createScriptedRun(coordinator);
    const ended = await runEnded(coordinator, run);
    const spoken = Math.min(protocol, LINK_PROTOCOL);
    if (ended.status !== 'completed' || fleet.agents.some((agent) => agent.protocol !== spoken)) failed++;
    add(await audit(coordinator, [run], TESTS, fleet));
    fleet.close();
  }
  const real = await realAgentWithOldCoordinator(bench);
  add(real);
  const migrated = await killInMigrations(bench);
  return {
    ...sum,
    figures: {
      pairs: protocols.length + 1,
      failed_pairs: failed + (real.lost > 0 ? 1 : 0),
      migrations_killed: migrated.killed,
      migrations_not_resumed: migrated.notResumed,
    },
    zero: ['failed_pairs', 'migrations_not_resumed'],
  };
};

/** Today's agent hears only what the oldest protocol says, and its coordinator takes it for an agent of that. */
async function realAgentWithOldCoordinator(bench: Bench) {
  const suite = await writeSuite(path.join(bench.folder, 'suite'), 2, 100);
  const coordinator = await bench.programs.startCoordinator(path.join(bench.folder, 'old'));
  const proxy = await startProxy(coordinator.url, (from, text) =>
    from === 'agent' && text.startsWith('{"type":"hello"')
      ? [text.replace(/"protocol":\d+/, `"protocol":${OLDEST_LINK_PROTOCOL}`)]
      : [text],
  );
  try {
    await startBehind(bench, coordinator, suite, { url: proxy.url, name: 'today', slots: 2 });
    const run = await createRun(coordinator, suite);
    const ended = await runEnded(coordinator, run);
    return { acknowledged: ended.tests.settled, ...(await count(coordinator, run, suite)) };
  } finally {
    await proxy.close();
  }
}

/** A database of version 1 is brought up to date by a program that dies within each migration in turn. */
export async function killInMigrations(bench: Bench): Promise<{ killed: number; notResumed: number }> {
  const dataDir = path.join(bench.folder, 'old-data');
  await mkdir(dataDir, { recursive: true });
  const steps = await oldDatabase(path.join(dataDir, 'playfleet.db'), 1, systemClock);
  let killed = 0;
  for (let step = 0; step < steps; step++) {
    // One migration is stored before each death, so the next start begins one further.
    const env = { PLAYFLEET_FAILPOINT: `in-migration:${step === 0 ? 1 : 2}` };
    await bench.programs.startCoordinator(dataDir, { env }).then(
      ({ process }) => void process.kill('SIGKILL'),
      () => killed++,
    );
  }
  const resumed = await bench.programs.startCoordinator(dataDir).then(
    () => true,
    () => false,
  );
  return { killed, notResumed: resumed ? 0 : 1 };
}
