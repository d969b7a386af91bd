/** What was promised, and whether the database keeps it (invariants I1–I6, I8, I9). */
import assert from 'node:assert/strict';
import type { Report } from '../../shared/protocol/link.ts';
import { POISON_LIMIT, LEASE_MS, type Named, type World } from './world.ts';

export interface ModelGrant {
  name: Named;
  testIds: readonly string[];
  /** Given back by the worker. */
  given: Set<string>;
  held: boolean;
  /** It races another grant, or is raced: the end of the one may be the end of the other. */
  inRace: boolean;
  leaseUntil: number;
  /** The report that ended it: the same again gets the same answer. */
  ending: Report | null;
}

export interface Model {
  runId: string;
  testIds: readonly string[];
  cancelled: boolean;
  grants: ModelGrant[];
  /** Acknowledged outcomes: they never change and never vanish. */
  outcomes: Map<string, string>;
  /** In how many losses and crashes a test was known to be running. */
  incidents: Map<string, number>;
  largestFence: number;
}

export const newModel = (runId: string, testIds: readonly string[]): Model => ({
  runId,
  testIds,
  cancelled: false,
  grants: [],
  outcomes: new Map(),
  incidents: new Map(),
  largestFence: 0,
});

/** Tests of a grant that are still to be run by it, as far as was promised. */
export const openOf = (model: Model, grant: ModelGrant): string[] =>
  grant.testIds.filter((id) => !model.outcomes.has(id) && !grant.given.has(id));

/** A grant ends badly: who was seen to run is counted, as the coordinator must. */
export function endBadly(model: Model, world: World, grant: ModelGrant): void {
  grant.held = false;
  if (grant.inRace) return;
  for (const id of world.running.get(grant.name.fence) ?? []) {
    if (openOf(model, grant).includes(id)) model.incidents.set(id, (model.incidents.get(id) ?? 0) + 1);
  }
}

interface Row {
  test_id: string;
  outcome: string | null;
  fence: number | null;
  quarantined: number;
  task_id: string | null;
  task_state: string | null;
  incidents: number;
}

/** Of a task that failed, the tests are settled with the end of the run. */
const WAITED_FOR = ['pending', 'assigned', 'running', 'failed', 'timeout'];

/** Throws where an invariant is broken; takes over what the coordinator settled by itself (quarantine, tests that never ran). */
export async function checkInvariants(model: Model, world: World): Promise<void> {
  const { run, tests, tasks, lateCounted } = await world.db.read(async (r) => ({
    run: await r.get<Record<string, number> & { state: string }>('SELECT * FROM runs WHERE id = ?', [model.runId]),
    tests: await r.all<Row>(
      `SELECT t.test_id, t.outcome, t.fence, t.quarantined_at IS NOT NULL AS quarantined, k.id AS task_id, k.state AS task_state,
         (SELECT count(*) FROM test_incidents i WHERE i.run_id = t.run_id AND i.test_id = t.test_id) AS incidents
       FROM tests t LEFT JOIN units u ON u.run_id = t.run_id AND u.no = t.unit_no LEFT JOIN tasks k ON k.id = u.task_id
       WHERE t.run_id = ?`,
      [model.runId],
    ),
    tasks: await r.all<{
      id: string;
      state: string;
      fence: number | null;
      lease_until: number | null;
      worker_id: string | null;
    }>('SELECT id, state, fence, lease_until, worker_id FROM tasks WHERE run_id = ?', [model.runId]),
    lateCounted: await r.get<{ n: number }>(
      `SELECT count(*) AS n FROM tests t JOIN task_attempts a ON a.fence = t.fence
       WHERE t.run_id = ? AND a.ended IN ('lost', 'expired', 'released') AND t.settled_at > a.ended_at`,
      [model.runId],
    ),
  }));
  assert(run, 'the run is there');
  const final = ['completed', 'failed', 'cancelled'].includes(run.state);

  // I1: one counted outcome per test, and totals that say the same.
  assert.equal(tests.length, new Set(tests.map((test) => test.test_id)).size, 'I1: a test is there twice');
  assert.equal(tests.length, model.testIds.length, 'I1: tests appeared or vanished');
  const settled = tests.filter((test) => test.outcome !== null);
  assert.equal(run.tests_settled, settled.length, 'I1: the total of settled tests');
  for (const outcome of ['expected', 'unexpected', 'flaky', 'skipped'])
    assert.equal(
      run[outcome],
      settled.filter((test) => test.outcome === outcome).length,
      `I1: the total of ${outcome}`,
    );
  assert.equal(lateCounted?.n, 0, 'I3: a result was counted after its grant had ended');

  // I2, I6, I9: what was acknowledged is there, unchanged, also after a restart or a crash.
  for (const test of tests) {
    const promised = model.outcomes.get(test.test_id);
    if (promised !== undefined) assert.equal(test.outcome, promised, `I2: the outcome of ${test.test_id}`);
  }

  // I3: who holds what is what the answers said.
  const held = new Map(
    tasks.filter((task) => ['assigned', 'running'].includes(task.state)).map((task) => [task.fence, task]),
  );
  for (const grant of model.grants) {
    if (final) grant.held = false;
    if (grant.inRace) grant.held &&= held.has(grant.name.fence);
    assert.equal(held.has(grant.name.fence), grant.held, `I3: grant ${grant.name.fence} is held`);
    if (grant.held)
      assert.equal(held.get(grant.name.fence)?.worker_id, grant.name.workerId, `I3: who holds ${grant.name.fence}`);
  }

  // I4: whatever has no outcome waits or is worked on under a lease that ends; else the run has ended.
  for (const task of held.values())
    assert((task.lease_until ?? Infinity) <= world.clock.time + LEASE_MS, 'I4: a lease without end');
  const unsettled = tests.filter((test) => test.outcome === null);
  if (run.state === 'running') {
    for (const { test_id: id, task_state: state } of unsettled)
      assert(state !== null && WAITED_FOR.includes(state), `I4: ${id} waits for a task that is ${state}`);
    assert(
      tasks.some((task) => ['pending', 'assigned', 'running'].includes(task.state)),
      'I4: no task is left, yet it runs',
    );
  }
  if (run.state === 'completed') assert.equal(unsettled.length, 0, 'I4: completed with tests that have no outcome');
  if (final) assert.equal(held.size, 0, 'I5: something is held of a run that has ended');

  // I8: a test that was running in so many losses and crashes is in quarantine.
  for (const test of tests) {
    assert(test.incidents <= POISON_LIMIT, `I8: ${test.test_id} took part in ${test.incidents} incidents`);
    if (test.incidents === POISON_LIMIT) assert.equal(test.quarantined, 1, `I8: ${test.test_id} is not quarantined`);
    if (test.quarantined === 1) assert.equal(test.outcome, 'unexpected', `I8: the outcome of ${test.test_id}`);
    const known = model.incidents.get(test.test_id) ?? 0;
    assert(test.incidents >= known, `I8: ${known} incidents of ${test.test_id} were seen, ${test.incidents} noted`);
  }

  for (const test of settled) model.outcomes.set(test.test_id, test.outcome ?? '');
  if (run.state === 'cancelled') model.cancelled = true;
}

/** Everything of a run that must survive: compared before and after a restart. */
export async function digest(model: Model, world: World): Promise<string> {
  return world.db.read(async (r) => {
    const parts = [
      await r.all('SELECT * FROM tests WHERE run_id = ? ORDER BY no', [model.runId]),
      await r.all('SELECT * FROM test_attempts WHERE run_id = ? ORDER BY test_id, fence, retry', [model.runId]),
      await r.all(
        `SELECT id, state, attempt, worker_id, fence, priority, escalated, reason FROM tasks WHERE run_id = ? ORDER BY seq`,
        [model.runId],
      ),
      await r.all(
        'SELECT a.* FROM task_attempts a JOIN tasks t ON t.id = a.task_id WHERE t.run_id = ? ORDER BY a.fence',
        [model.runId],
      ),
      await r.get('SELECT * FROM runs WHERE id = ?', [model.runId]),
    ];
    return JSON.stringify(parts);
  });
}
