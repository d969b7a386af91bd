/** What workers, people and accidents do, in any order: each is carried out on the real database and judged by the model. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Report } from '../../shared/protocol/link.ts';
import type { ProcessEnd } from '../../shared/protocol/work.ts';
import { passed } from '../support/reports.ts';
import { checkInvariants, digest, endBadly, newModel, openOf, type Model, type ModelGrant } from './model.ts';
import { heldNames, LEASE_MS, plainEnd, RETURN_MS, WORKERS, type World } from './world.ts';

export interface Step {
  do:
    | 'claim'
    | 'begin'
    | 'progress'
    | 'results'
    | 'finish'
    | 'finish-again'
    | 'stranger'
    | 'release'
    | 'split'
    | 'race'
    | 'blow'
    | 'heartbeat'
    | 'time'
    | 'lose'
    | 'cancel'
    | 'retry'
    | 'restart'
    | 'crash';
  /** Chooses the worker, the grant, the tests. */
  a: number;
  b: number;
}

const weights: Record<Step['do'], number> = {
  claim: 10,
  begin: 6,
  progress: 8,
  results: 10,
  finish: 8,
  'finish-again': 3,
  stranger: 2,
  release: 2,
  split: 4,
  race: 4,
  blow: 8,
  heartbeat: 3,
  time: 4,
  lose: 3,
  cancel: 1,
  retry: 1,
  restart: 1,
  crash: 1,
};

const number = fc.nat({ max: 1000 });
const step: fc.Arbitrary<Step> = fc.record({
  do: fc.oneof(
    ...Object.entries(weights).map(([name, weight]) => ({ arbitrary: fc.constant(name as Step['do']), weight })),
  ),
  a: number,
  b: number,
});

class Command implements fc.AsyncCommand<Model, World> {
  readonly step: Step;
  constructor(one: Step) {
    this.step = one;
  }
  check(model: Readonly<Model>): boolean {
    return this.step.do === 'claim' || needsNoGrant.has(this.step.do) || model.grants.length > 0;
  }
  async run(model: Model, world: World): Promise<void> {
    await perform[this.step.do](model, world, this.step);
    await checkInvariants(model, world);
  }
  toString(): string {
    return `${this.step.do}(${this.step.a}, ${this.step.b})`;
  }
}

const needsNoGrant = new Set<Step['do']>(['blow', 'heartbeat', 'time', 'lose', 'cancel', 'retry', 'restart', 'crash']);

export const commands = (maxCommands: number) =>
  fc.commands([step.map((one) => new Command(one))], { maxCommands, size: 'max' });

const pick = <T>(from: readonly T[], n: number): T => from[n % from.length]!;
/** Of the tests, those whose bit is set. */
const some = (ids: readonly string[], bits: number) => ids.filter((_, i) => (bits >> (i % 10)) & 1);
/** Rather one that is held: reports for grants that have ended are the exception. */
const grantOf = (model: Model, n: number): ModelGrant => {
  const held = model.grants.filter((grant) => grant.held);
  return held.length > 0 && n % 4 !== 0 ? pick(held, n) : pick(model.grants, n);
};
const asGrant = (grant: ModelGrant) => ({ ...grant.name }) as unknown as Parameters<typeof passed>[0];

const perform: Record<Step['do'], (model: Model, world: World, step: Step) => Promise<void>> = {
  async claim(model, world, { a, b }) {
    const workerId = pick(WORKERS, a);
    const pending = await world.db.read((r) =>
      r.all<{ id: string }>(`SELECT id FROM tasks WHERE run_id = ? AND state = 'pending' ORDER BY seq`, [model.runId]),
    );
    // Tasks that failed are asked for by their id, as the dispatcher does.
    const one = b % 3 === 0 || pending.length === 0 ? undefined : pick(pending, b).id;
    const claims = await world.claim(model.runId, workerId, 1 + (b % 2), one);
    if (model.cancelled) assert.equal(claims.length, 0, 'I5: something was handed out after the cancel');
    for (const claim of claims) {
      assert(claim.fence > model.largestFence, 'a later grant has a larger fence');
      model.largestFence = claim.fence;
      const testIds = claim.work.kind === 'units' ? claim.work.testIds : [];
      assert(testIds.length > 0, 'a grant orders something');
      for (const id of testIds) {
        assert(!model.outcomes.has(id), `I1: ${id} is ordered again although it has its outcome`);
        const twice = model.grants.some((other) => other.held && !other.inRace && openOf(model, other).includes(id));
        assert(!twice, `I1: ${id} is ordered twice at once`);
      }
      const leaseUntil = world.clock.time + LEASE_MS;
      model.grants.push({
        name: claim,
        testIds,
        given: new Set(),
        held: true,
        inRace: false,
        leaseUntil,
        ending: null,
      });
    }
  },

  async begin(model, world, { a }) {
    const grant = grantOf(model, a);
    const answer = await world.report(grant.name.workerId, { kind: 'begin', ...heldNames(grant.name) });
    assert.equal(answer, grant.held ? 'accepted' : 'stale', 'I3: the answer to a begin');
  },

  async progress(model, world, { a, b }) {
    const grant = grantOf(model, a);
    if (grant.held) world.running.set(grant.name.fence, some(openOf(model, grant), b).slice(0, 2));
  },

  async results(model, world, { a, b }) {
    const grant = grantOf(model, a);
    // What a worker gave back it does not run.
    const chosen = some(grant.testIds, b).filter((id) => !grant.given.has(id));
    if (chosen.length === 0) return;
    const report = passed(asGrant(grant), chosen) as Extract<Report, { kind: 'results' }>;
    const outcome = b % 5 === 0 ? ('unexpected' as const) : ('expected' as const);
    const settled = report.settled.map((test) => ({ ...test, outcome }));
    const answer = await world.report(grant.name.workerId, { ...report, settled });
    assert.equal(answer, grant.held ? 'accepted' : 'stale', 'I3: the answer to results');
    if (!grant.held) return;
    for (const id of chosen) if (!model.outcomes.has(id)) model.outcomes.set(id, outcome);
  },

  async finish(model, world, { a, b }) {
    const grant = grantOf(model, a);
    const hows: ProcessEnd['how'][] = [
      'finished',
      'finished',
      'finished',
      'crashed',
      'timeout',
      'prepare_failed',
      'cancelled',
    ];
    const how = pick(hows, b);
    const notRun = how === 'finished' && b % 4 === 0 ? some(openOf(model, grant), b) : [];
    const message = how === 'finished' ? null : how;
    const end: ProcessEnd = {
      ...plainEnd,
      how,
      message,
      notRun,
      permanent: how === 'crashed' && b % 29 === 0,
      wallMs: b,
    };
    const report: Report = { kind: 'finish', ...heldNames(grant.name), end };
    const wasHeld = grant.held;
    const same = grant.ending !== null && JSON.stringify(grant.ending) === JSON.stringify(report);
    if (wasHeld) {
      grant.ending = report;
      if (how === 'crashed' || how === 'timeout') endBadly(model, world, grant);
      grant.held = false;
    }
    // Twice in one batch, as after a reconnect.
    const item = { workerId: grant.name.workerId, report };
    const answers = await world.reportAll(b % 6 === 0 ? [item, item] : [item]);
    for (const answer of answers)
      assert.equal(answer, wasHeld || same ? 'accepted' : 'stale', 'I3: the answer to a finish');
  },

  async 'finish-again'(model, world, { a }) {
    const ended = model.grants.filter((grant) => grant.ending !== null);
    if (ended.length === 0) return;
    const grant = pick(ended, a);
    const before = await digest(model, world);
    const answer = await world.report(grant.name.workerId, grant.ending!);
    assert.equal(answer, 'accepted', 'I3: the same report again gets the same answer');
    assert.equal(await digest(model, world), before, 'I3: the same report again changes nothing');
  },

  /** Somebody else's grant, or a fence that never was. */
  async stranger(model, world, { a, b }) {
    const grant = grantOf(model, a);
    const other = WORKERS.find((id) => id !== grant.name.workerId)!;
    const name = heldNames(b % 2 === 0 ? grant.name : { ...grant.name, fence: 1_000_000_000 });
    const before = await digest(model, world);
    const reports: Report[] = [
      { kind: 'begin', ...name },
      { ...(passed(asGrant(grant), grant.testIds) as Extract<Report, { kind: 'results' }>), ...name },
      { kind: 'finish', ...name, end: plainEnd },
      { kind: 'release', ...name, reason: 'not mine' },
      { kind: 'revoked', ...name, testIds: [...grant.testIds] },
    ];
    const answer = await world.report(other, pick(reports, b));
    assert.equal(answer, 'stale', "I3: a report for a grant that is another worker's");
    assert.equal(await digest(model, world), before, 'I3: a stale report changes nothing');
  },

  async release(model, world, { a }) {
    const grant = grantOf(model, a);
    const answer = await world.report(grant.name.workerId, {
      kind: 'release',
      ...heldNames(grant.name),
      reason: 'drain',
    });
    if (grant.held) assert.equal(answer, 'accepted', 'I3: the answer to a release');
    grant.held = false;
  },

  async split(model, world, { a, b }) {
    const grant = grantOf(model, a);
    // Raced is only what has nothing to give back: all that is open of it has begun.
    if (grant.inRace) return;
    const chosen = some(openOf(model, grant), b).slice(0, -1);
    const report: Report = { kind: 'revoked', ...heldNames(grant.name), testIds: chosen };
    const before = await world.testsOf(grant.name.taskId);
    const answer = await world.report(grant.name.workerId, report);
    assert.equal(answer, grant.held ? 'accepted' : 'stale', 'I3: the answer to a revoke');
    // Only whole units move.
    const after = await world.testsOf(grant.name.taskId);
    for (const id of before.filter((each) => !after.includes(each))) {
      assert(grant.held && chosen.includes(id), 'only what was given back moves');
      grant.given.add(id);
    }
  },

  async race(model, world, { a, b }) {
    const raced = grantOf(model, a);
    const begun = await world.isRunning(raced.name);
    if (!raced.held || raced.inRace || !begun || openOf(model, raced).length === 0) return;
    const [claim] = await world.race(raced.name, pick(WORKERS, b));
    assert(claim, 'a racer is handed out');
    model.largestFence = claim.fence;
    raced.inRace = true;
    const testIds = claim.work.kind === 'units' ? claim.work.testIds : [];
    assert.deepEqual(testIds.toSorted(), openOf(model, raced).toSorted(), 'a racer runs what is open');
    const leaseUntil = world.clock.time + LEASE_MS;
    model.grants.push({ name: claim, testIds, given: new Set(), held: true, inRace: true, leaseUntil, ending: null });
  },

  /** A test takes down what it runs in, as soon as it begins: claimed, begun, seen to run, and gone. */
  async blow(model, world, { a, b }) {
    const fence = model.largestFence;
    await perform.claim(model, world, { do: 'claim', a, b: 1 });
    const grant = model.grants.at(-1);
    if (!grant || model.largestFence === fence) return;
    const { workerId } = grant.name;
    await world.report(workerId, { kind: 'begin', ...heldNames(grant.name) });
    // Rather always the same one.
    world.running.set(grant.name.fence, openOf(model, grant).toSorted().slice(0, 1));
    await checkInvariants(model, world);
    if (b % 3 === 0) return perform.lose(model, world, { do: 'lose', a, b });
    endBadly(model, world, grant);
    grant.ending = { kind: 'finish', ...heldNames(grant.name), end: { ...plainEnd, how: 'crashed', message: 'gone' } };
    assert.equal(await world.report(workerId, grant.ending), 'accepted', 'I3: the answer to a crash');
  },

  async heartbeat(model, world, { a }) {
    const workerId = pick(WORKERS, a);
    await world.heartbeat(workerId);
    for (const grant of model.grants)
      if (grant.held && grant.name.workerId === workerId) grant.leaseUntil = world.clock.time + LEASE_MS;
  },

  async time(model, world, { a }) {
    world.clock.time += pick([1_000, 40_000, LEASE_MS + 1], a);
    for (const grant of model.grants)
      if (grant.held && grant.leaseUntil < world.clock.time) endBadly(model, world, grant);
    await world.expire();
  },

  async lose(model, world, { a }) {
    const workerId = pick(WORKERS, a);
    const begun = await world.db.read((r) =>
      r.all<{ fence: number; state: string }>(`SELECT fence, state FROM tasks WHERE run_id = ? AND worker_id = ?`, [
        model.runId,
        workerId,
      ]),
    );
    await world.lose(workerId);
    for (const grant of model.grants.filter((one) => one.held && one.name.workerId === workerId)) {
      // What was never begun was most likely never received: nobody is counted.
      const state = begun.find(({ fence }) => fence === grant.name.fence)?.state;
      if (state === 'running') endBadly(model, world, grant);
      grant.held = false;
    }
  },

  async cancel(model, world, { b }) {
    // Rarely: little happens after it.
    if (b % 3 !== 0) return;
    const result = await world.cancel(model.runId);
    if (result === 'cancelled') model.cancelled = true;
    model.grants.forEach((grant) => (grant.held = false));
  },

  async retry(model, world) {
    const result = await world.retry(model.runId);
    const state = await stateOf(model, world);
    if (result.result === 'open') assert(state === 'running', 'only an open run cannot be repeated');
    if (result.result !== 'created') return;
    assert(state !== 'running', 'a run that goes on is not repeated');
    const failed = await failedTests(model, world);
    await world.plan(model.testIds);
    const chosen = await world.db.read((r) =>
      r.all<{ test_id: string }>('SELECT test_id FROM tests WHERE run_id = ? ORDER BY no', [result.id]),
    );
    const ids = chosen.map((row) => row.test_id);
    for (const id of failed) assert(ids.includes(id), `${id} failed and is not repeated`);
    const largestFence = await world.largestFence();
    Object.assign(model, newModel(result.id, ids), { largestFence });
  },

  async restart(model, world) {
    await survives(model, world, () => world.restart());
  },
  async crash(model, world) {
    await survives(model, world, () => world.crash());
  },
};

/** I6, I9: nothing that was acknowledged needs the process that acknowledged it. */
async function survives(model: Model, world: World, restart: () => Promise<void>): Promise<void> {
  const before = await digest(model, world);
  await restart();
  assert.equal(await digest(model, world), before, 'I6: a restart changed something');
  for (const grant of model.grants) grant.leaseUntil = Math.max(grant.leaseUntil, world.clock.time + RETURN_MS);
}

const stateOf = async (model: Model, world: World) =>
  (await world.db.read((r) => r.get<{ state: string }>('SELECT state FROM runs WHERE id = ?', [model.runId])))?.state;

const failedTests = async (model: Model, world: World) => {
  const rows = await world.db.read((r) =>
    r.all<{ test_id: string }>(
      `SELECT test_id FROM tests WHERE run_id = ? AND (outcome IS NULL OR outcome = 'unexpected')`,
      [model.runId],
    ),
  );
  return rows.map((row) => row.test_id);
};

/** However it stands: with a worker that does its work, the run ends within so many grants (I4). */
export async function bringToEnd(model: Model, world: World): Promise<void> {
  const most = 40 + model.testIds.length * 8;
  for (let n = 0; n < most; n++) {
    if ((await stateOf(model, world)) !== 'running') return;
    const fence = model.largestFence;
    await perform.claim(model, world, { do: 'claim', a: n, b: 1 });
    if (model.largestFence === fence) {
      await perform.time(model, world, { do: 'time', a: 2, b: 0 });
      continue;
    }
    const grant = model.grants.at(-1)!;
    await world.report(grant.name.workerId, { kind: 'begin', ...heldNames(grant.name) });
    const answer = await world.report(grant.name.workerId, passed(asGrant(grant), grant.testIds));
    assert.equal(answer, 'accepted');
    for (const id of grant.testIds) model.outcomes.set(id, 'expected');
    grant.held = false;
    await world.report(grant.name.workerId, { kind: 'finish', ...heldNames(grant.name), end: plainEnd });
    await checkInvariants(model, world);
  }
  assert.fail('I4: the run does not come to its end');
}
