/** A fleet in memory whose every decision is taken by the pure rules of dispatch: they must keep their promises together, not only alone. */
import assert from 'node:assert/strict';
import { blameFor, isIncident } from '../../coordinator/dispatch/rules/blame.ts';
import {
  afterFailure,
  afterSuccess,
  afterTime,
  closedBreaker,
  slotsAllowed,
  type Breaker,
  type BreakerRules,
  type MachineFailure,
} from '../../coordinator/dispatch/rules/breaker.ts';
import { chooseNext, PATIENCE_MS, type PastFailure, type Place } from '../../coordinator/dispatch/rules/escalation.ts';
import { halve, tellApart } from '../../coordinator/dispatch/rules/poison.ts';
import { planSteals } from '../../coordinator/dispatch/rules/steal.ts';
import { distribute } from '../../coordinator/dispatch/rules/strategies/distribute.ts';
import type { Strategy } from '../../coordinator/dispatch/rules/strategies/strategy.ts';
import {
  isCharged,
  judgeFinish,
  judgeLoss,
  type AttemptFacts,
  type Verdict,
} from '../../coordinator/dispatch/rules/task-state.ts';
import { cutTasks } from '../../coordinator/runs/rules/cut-tasks.ts';
import type { ProcessEnd } from '../../shared/protocol/work.ts';

export const BREAKER: BreakerRules = {
  failuresInRow: 3,
  failurePercent: 50,
  windowMs: 600_000,
  coolDownMs: 30_000,
  coolDownLimitMs: 300_000,
};
const LIMIT = 3;
const MAX_RETRIES = 2;
const START_MS = 500;

export interface SimWorker extends Place {
  slots: number;
  speed: number;
  breaker: Breaker;
  completed: number;
  failures: MachineFailure[];
  lastGrant: number;
}

export interface SimTask {
  id: number;
  units: number[];
  state: 'pending' | 'held' | 'completed' | 'failed' | 'timeout';
  worker: SimWorker | null;
  /** Begun and without an outcome. */
  running: Set<number>;
  charged: number;
  failures: PastFailure[];
}

export class RulesWorld {
  now = 1_000_000;
  readonly workers: SimWorker[];
  readonly expectedMs: readonly number[];
  readonly tasks: SimTask[] = [];
  readonly settled = new Set<number>();
  readonly quarantined = new Set<number>();
  readonly incidents = new Map<number, number>();
  #grants = 0;

  constructor(expectedMs: readonly number[], slots: readonly number[]) {
    this.expectedMs = expectedMs;
    this.workers = slots.map((count, n) => ({
      workerId: `w${n}`,
      name: `w${n}`,
      machine: `m${n}`,
      kind: n % 2 === 0 ? 'linux x64' : 'darwin arm64',
      slots: count,
      speed: n % 2 === 0 ? 1 : 0.5,
      breaker: closedBreaker(0),
      completed: 0,
      failures: [],
      lastGrant: 0,
    }));
    const units = expectedMs.map((ms, no) => ({ no, expectedMs: ms, needs: '', cpus: 0, memoryBytes: 0 }));
    const total = slots.reduce((sum, count) => sum + count, 0);
    const cut = cutTasks(units, total, START_MS);
    assert(cut.length <= Math.max(1, total), 'a share for each slot at most');
    cut.forEach((task) => this.#add(task.unitNos));
    this.check();
  }

  #add(units: readonly number[]): SimTask {
    const task: SimTask = {
      id: this.tasks.length,
      units: [...units],
      state: 'pending',
      worker: null,
      running: new Set(),
      charged: 0,
      failures: [],
    };
    this.tasks.push(task);
    return task;
  }

  held = (worker: SimWorker): SimTask[] => this.tasks.filter((task) => task.state === 'held' && task.worker === worker);
  open = (task: SimTask): number[] => task.units.filter((no) => !this.settled.has(no));
  #allowed = (worker: SimWorker): number => {
    const used = this.held(worker).length;
    return slotsAllowed(worker.breaker.state, Math.max(0, worker.slots - used), used);
  };

  assign(strategy: Strategy): void {
    const pending = this.tasks.filter((task) => task.state === 'pending');
    for (const task of pending.filter(({ failures }) => failures.length > 0)) this.#place(task);
    const fresh = pending.filter((task) => task.state === 'pending' && task.failures.length === 0);
    const loads = this.workers.map((worker) => ({
      id: worker.workerId,
      freeSlots: this.#allowed(worker),
      priority: 100,
      weight: 1,
      successRatio: worker.completed === 0 ? 1 : worker.completed / (worker.completed + worker.failures.length),
      avgDurationMs: 0,
      lastGrant: worker.lastGrant,
      tags: [],
      speed: 1,
      cpus: 2,
      memoryBytes: 2 ** 32,
      freeCpus: 2,
      freeMemoryBytes: 2 ** 32,
      preference: 0,
    }));
    const free = loads.reduce((sum, load) => sum + load.freeSlots, 0);
    const task = { runId: 'run', project: 'shop', tags: [], browsers: [], cpus: 0, memoryBytes: 0 };
    const takers = distribute(loads, fresh.length, { strategy, task, nextGrant: this.#grants + 1 });
    assert.equal(takers.length, Math.min(fresh.length, free), 'no slot idles while something waits');
    for (const load of loads)
      assert(takers.filter((id) => id === load.id).length <= load.freeSlots, 'nobody gets more than it may');
    takers.forEach((id, i) =>
      this.#grant(
        fresh[i]!,
        this.workers.find((worker) => worker.workerId === id)!,
      ),
    );
  }

  #place(task: SimTask): void {
    const choice = chooseNext(task.failures, this.workers, this.now);
    assert(choice.workerIds.size > 0, 'somebody may take it where somebody is able');
    const failedOn = new Set(task.failures.map(({ machine }) => machine));
    const last = Math.max(...task.failures.map(({ at }) => at));
    const others = this.workers.filter(({ machine }) => !failedOn.has(machine));
    for (const worker of this.workers) {
      if (others.length > 0 && this.now - last < PATIENCE_MS && failedOn.has(worker.machine))
        assert(!choice.workerIds.has(worker.workerId), 'not again where it failed, while others are fresh');
    }
    const taker = this.workers.find((worker) => choice.workerIds.has(worker.workerId) && this.#allowed(worker) > 0);
    if (taker) this.#grant(task, taker);
  }

  #grant(task: SimTask, worker: SimWorker): void {
    assert.notEqual(worker.breaker.state, 'open', 'an open breaker gets nothing');
    assert(this.open(task).length > 0, 'a grant orders something');
    for (const no of this.open(task)) assert(!this.quarantined.has(no), 'I8: what is quarantined runs no more');
    worker.lastGrant = ++this.#grants;
    Object.assign(task, { state: 'held', worker, running: new Set() });
  }

  begin(task: SimTask, n: number): void {
    const waiting = this.open(task).filter((no) => !task.running.has(no));
    if (waiting.length > 0) task.running.add(waiting[n % waiting.length]!);
  }

  settle(task: SimTask): void {
    const [no] = task.running;
    if (no === undefined) return;
    task.running.delete(no);
    this.settled.add(no);
  }

  finish(task: SimTask, how: ProcessEnd['how'], permanent: boolean): void {
    const end = { how, message: how === 'finished' ? null : how, permanent };
    if (!isIncident(how)) {
      const facts = { retriesUsed: task.charged, maxRetries: MAX_RETRIES, missing: this.open(task).length };
      const verdict = judgeFinish(end, facts);
      if (verdict.ended === 'failed') task.charged++;
      this.#end(task, verdict, false);
      return;
    }
    if (this.open(task).length === 0) this.#end(task, { next: 'completed', ended: 'failed', reason: how }, true);
    else this.#fail(task, how, permanent, (facts) => judgeFinish(end, facts));
  }

  lose(task: SimTask, ended: 'lost' | 'expired'): void {
    if (this.open(task).length === 0) this.#end(task, { next: 'completed', ended, reason: ended }, true);
    else this.#fail(task, ended, false, (facts) => judgeLoss(ended, ended, facts, true));
  }

  #fail(task: SimTask, how: string, permanent: boolean, judge: (facts: AttemptFacts) => Verdict): void {
    const began = how !== 'prepare_failed';
    const open = this.open(task);
    const known = began ? open.filter((no) => task.running.has(no)) : [];
    const guess = known.length === 0 && how === 'crashed' && this.settled.size > 0;
    const suspects = guess && open.length === 1 ? open : known;
    for (const no of suspects) this.incidents.set(no, (this.incidents.get(no) ?? 0) + 1);
    const poisonous = suspects.filter((no) => (this.incidents.get(no) ?? 0) >= LIMIT);
    for (const no of poisonous) {
      this.settled.add(no);
      this.quarantined.add(no);
    }
    const units = this.open(task).map((no) => ({ no, suspect: suspects.includes(no) }));
    const divided = guess && units.length > 1;
    const facts: AttemptFacts = {
      retriesUsed: task.charged,
      maxRetries: MAX_RETRIES,
      missing: units.length,
      incident: {
        suspects: suspects.length,
        quarantined: poisonous.length,
        quarantinedOfRun: this.quarantined.size,
        divided,
      },
    };
    const verdict = judge(facts);
    if (isCharged(verdict.ended, facts)) task.charged++;
    if (permanent) assert.notEqual(verdict.next, 'pending', 'what cannot be mended is not tried again');
    const worker = task.worker!;
    if (verdict.next === 'pending') {
      const { stay, apart } = divided ? halve(units) : tellApart(units);
      task.units = [...task.units.filter((no) => this.settled.has(no)), ...stay];
      for (const { unitNos, suspect } of apart) {
        assert(!suspect || unitNos.length === 1, 'a suspect runs alone');
        const part = this.#add(unitNos);
        if (suspect) part.failures.push({ ...place(worker), at: this.now, reason: how });
      }
    }
    task.failures.push({ ...place(worker), at: this.now, reason: how });
    this.#blame(task, permanent, how);
    this.#end(task, verdict, true);
  }

  #blame(task: SimTask, permanent: boolean, reason: string): void {
    const worker = task.worker!;
    const elsewhere = new Set(
      task.failures.map(({ machine }) => machine).filter((machine) => machine !== worker.machine),
    );
    const facts = {
      permanent,
      failedElsewhere: elsewhere.size,
      passedElsewhere: false,
      othersFailedHere: worker.failures.filter(({ at }) => at < this.now).length,
    };
    if (blameFor(facts) === 'test') return;
    worker.failures.push({ at: this.now, completedBefore: worker.completed, reason });
    const before = worker.breaker;
    worker.breaker = afterFailure(
      before,
      { failures: worker.failures, completed: worker.completed },
      BREAKER,
      this.now,
    );
    if (before.state === 'half_open') assert.equal(worker.breaker.state, 'open', 'a trial that fails opens it again');
  }

  #end(task: SimTask, { next }: Verdict, bad: boolean): void {
    const worker = task.worker!;
    Object.assign(task, { state: next, worker: null, running: new Set() });
    if (next !== 'completed' || bad) return;
    worker.completed++;
    worker.breaker = afterSuccess(worker.breaker, this.now);
  }

  steal(): void {
    const held = this.tasks.filter((task) => task.state === 'held');
    const victims = held.map((task) => ({
      fence: task.id,
      speed: task.worker!.speed,
      units: this.open(task).map((no) => ({
        no,
        expectedMs: this.expectedMs[no]!,
        runningForMs: task.running.has(no) ? 100 : null,
      })),
    }));
    const idle = this.workers.flatMap((worker) => Array<number>(this.#allowed(worker)).fill(worker.speed));
    const steals = planSteals(victims, idle, START_MS);
    assert(steals.length <= idle.length, 'a steal needs an idle slot');
    assert.equal(new Set(steals.map(({ fence }) => fence)).size, steals.length, 'one steal of each victim');
    for (const { fence, unitNos } of steals) {
      const victim = this.tasks[fence]!;
      assert(unitNos.length > 0 && unitNos.length < this.open(victim).length, 'the victim keeps something');
      for (const no of unitNos) assert(this.open(victim).includes(no) && !victim.running.has(no), 'what runs stays');
      victim.units = victim.units.filter((no) => !unitNos.includes(no));
      this.#add(unitNos);
    }
  }

  wait(ms: number): void {
    this.now += ms;
    for (const worker of this.workers) worker.breaker = afterTime(worker.breaker, this.now);
  }

  check(): void {
    const owners = new Map<number, number>();
    for (const task of this.tasks) for (const no of this.open(task)) owners.set(no, (owners.get(no) ?? 0) + 1);
    this.expectedMs.forEach((_ms, no) => {
      assert.equal(owners.get(no) ?? 0, this.settled.has(no) ? 0 : 1, `I1, I4: unit ${no} has one place`);
      assert((this.incidents.get(no) ?? 0) <= LIMIT, `I8: unit ${no} went on killing`);
    });
    for (const task of this.tasks) {
      assert(task.charged <= MAX_RETRIES + 1, 'retries are bounded');
      if (task.state === 'completed') assert.equal(this.open(task).length, 0, 'complete is complete');
      if (task.state === 'pending') assert(this.open(task).length > 0, 'nothing waits for nothing');
    }
    for (const { breaker } of this.workers) {
      assert.equal(breaker.state === 'open', breaker.until !== null, 'open has an end, nothing else has');
      if (breaker.until !== null)
        assert(breaker.until <= this.now + BREAKER.coolDownLimitMs, 'no cool-down is longer than the limit');
    }
  }
}

const place = ({ workerId, name, machine, kind }: SimWorker): Place => ({ workerId, name, machine, kind });
