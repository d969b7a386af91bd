/**
 * Where the time of a run's slots went. Pure: what was read goes in, figures come out. Each moment of each slot between the first granted
 * tests and the end of the last task is in exactly one part.
 */
import type { Explanation, IdleWhy, SlotTime } from '../../../shared/protocol/rest/explain.ts';
import { gaps, layOverLanes, lengthOf, type Interval } from './lanes.ts';
import { longestFirst } from './longest-first.ts';

/** A grant that ran tests, of this run or (`own` false) another one on the same worker. Times by the coordinator's clock. */
export interface GrantSpan extends Interval {
  own: boolean;
  slots: number;
  /** Of its Playwright process; null where it never said (lost). */
  wallMs: number | null;
  countedMs: number;
  repeatedMs: number;
  /** Counted tests. */
  tests: number;
}

export interface WorkerFacts {
  worker_id: string;
  worker: string;
  speed: number;
  grants: readonly GrantSpan[];
  /** While its link was down. */
  offline: readonly Interval[];
}

export interface UnitFacts {
  title: string;
  /** null: nothing was expected (shard runs). */
  expectedMs: number | null;
  actualMs: number;
}

export interface ScheduleFacts {
  final: boolean;
  /** From the first granted tests to the end of the last grant. */
  span: Interval;
  workers: readonly WorkerFacts[];
  units: readonly UnitFacts[];
  /** Counted time outside units: setup, teardown. */
  supportingMs: number;
  /** What starting one more process costs. */
  startMs: number;
}

export type Figures = Pick<
  Explanation,
  | 'slots'
  | 'makespan_ms'
  | 'work_ms'
  | 'longest_unit'
  | 'lower_bound_ms'
  | 'ratio'
  | 'time'
  | 'idle'
  | 'overhead_per_test_ms'
  | 'workers'
  | 'surprises'
  | 'one_more_slot'
>;

/** Fewer milliseconds of difference surprise nobody. */
const SURPRISE_MS = 500;
const MOST_SURPRISES = 10;

export function explain(facts: ScheduleFacts): Figures {
  const { span } = facts;
  const workers = facts.workers
    .map((worker) => ({ ...worker, lanes: layOverLanes(worker.grants).filter((lane) => lane.some(({ own }) => own)) }))
    .filter(({ lanes }) => lanes.length > 0)
    .map(({ worker_id, worker, speed, lanes, offline }) => ({
      worker_id,
      worker,
      speed,
      slots: lanes.map((lane) => slotOf(lane, span, offline)),
    }));
  const all = workers.flatMap((worker) => worker.slots);
  const time = all.reduce<SlotTime>((sum, slot) => addTime(sum, slot), {
    tests_ms: 0,
    repeated_ms: 0,
    process_ms: 0,
    preparing_ms: 0,
    idle_ms: 0,
  });
  const makespan = span.to - span.from;
  const work = facts.units.reduce((sum, unit) => sum + unit.actualMs, facts.supportingMs);
  const longest = facts.units.reduce<UnitFacts | null>(
    (most, unit) => (most === null || unit.actualMs > most.actualMs ? unit : most),
    null,
  );
  const bound = all.length === 0 ? 0 : Math.max(work / all.length, longest?.actualMs ?? 0);
  const tests = all.reduce((sum, slot) => sum + slot.tests, 0);
  return {
    slots: all.length,
    makespan_ms: makespan,
    work_ms: work,
    longest_unit: longest && { title: longest.title, ms: longest.actualMs },
    lower_bound_ms: bound,
    ratio: bound > 0 ? makespan / bound : null,
    time,
    idle: sumIdle(all.flatMap((slot) => slot.idle)),
    overhead_per_test_ms: tests > 0 ? (time.process_ms + time.preparing_ms) / tests : null,
    workers,
    surprises: surprisesOf(facts.units),
    one_more_slot: facts.final ? oneMoreSlot(facts, all.length, makespan) : null,
  };
}

type Slot = Explanation['workers'][number]['slots'][number];

function slotOf(lane: readonly GrantSpan[], span: Interval, offline: readonly Interval[]): Slot {
  const own = lane.filter((grant) => grant.own);
  const slot = own.reduce<Slot>(
    (sum, grant) => ({ ...addTime(sum, timeOf(grant)), tests: sum.tests + grant.tests, tasks: sum.tasks, idle: [] }),
    { tests_ms: 0, repeated_ms: 0, process_ms: 0, preparing_ms: 0, idle_ms: 0, tasks: own.length, tests: 0, idle: [] },
  );
  const free = gaps(span, own);
  const others = lane.filter((grant) => !grant.own);
  const idle: { why: IdleWhy; ms: number }[] = [];
  for (const gap of free) {
    const forOthers = lengthOf([gap]) - lengthOf(gaps(gap, others));
    const here = gaps(gap, others).flatMap((part) => gaps(part, offline));
    const away = lengthOf([gap]) - forOthers - lengthOf(here);
    const position = !own.some((grant) => grant.to <= gap.from)
      ? 'waiting_for_first_task'
      : own.some((grant) => grant.from >= gap.to)
        ? 'between_tasks'
        : 'nothing_left';
    idle.push({ why: 'other_run', ms: forOthers }, { why: 'not_connected', ms: away });
    idle.push({ why: position, ms: lengthOf(here) });
  }
  return { ...slot, idle_ms: lengthOf(free), idle: sumIdle(idle) };
}

/** Of one of the slots that the grant takes. What tests say they took never exceeds the time that the grant was held. */
function timeOf(grant: GrantSpan): SlotTime {
  const held = grant.to - grant.from;
  const wall = Math.min(held, grant.wallMs ?? held);
  const inTests = (grant.countedMs + grant.repeatedMs) / grant.slots;
  const fits = inTests > wall && inTests > 0 ? wall / inTests : 1;
  const counted = (grant.countedMs / grant.slots) * fits;
  const repeated = (grant.repeatedMs / grant.slots) * fits;
  return {
    tests_ms: counted,
    repeated_ms: repeated,
    process_ms: Math.max(0, wall - counted - repeated),
    preparing_ms: held - wall,
    idle_ms: 0,
  };
}

const addTime = (a: SlotTime, b: SlotTime): SlotTime => ({
  tests_ms: a.tests_ms + b.tests_ms,
  repeated_ms: a.repeated_ms + b.repeated_ms,
  process_ms: a.process_ms + b.process_ms,
  preparing_ms: a.preparing_ms + b.preparing_ms,
  idle_ms: a.idle_ms + b.idle_ms,
});

function sumIdle(parts: readonly { why: IdleWhy; ms: number }[]): { why: IdleWhy; ms: number }[] {
  const sums = new Map<IdleWhy, number>();
  for (const { why, ms } of parts) if (ms > 0) sums.set(why, (sums.get(why) ?? 0) + ms);
  return [...sums].map(([why, ms]) => ({ why, ms })).sort((a, b) => b.ms - a.ms);
}

function surprisesOf(units: readonly UnitFacts[]): Explanation['surprises'] {
  return units
    .flatMap(({ title, expectedMs, actualMs }) =>
      expectedMs === null ? [] : [{ title, expected_ms: expectedMs, actual_ms: actualMs }],
    )
    .filter((unit) => Math.abs(unit.actual_ms - unit.expected_ms) >= SURPRISE_MS)
    .sort((a, b) => Math.abs(b.actual_ms - b.expected_ms) - Math.abs(a.actual_ms - a.expected_ms))
    .slice(0, MOST_SURPRISES);
}

/** The same suite, longest first, on these slots and on one more; the difference, in the proportion in which the real run was longer. */
function oneMoreSlot(facts: ScheduleFacts, slots: number, makespan: number): Explanation['one_more_slot'] {
  if (slots === 0 || facts.units.some((unit) => unit.expectedMs === null)) return null;
  const units = facts.units.map((unit) => unit.actualMs);
  const now = longestFirst(units, slots, facts.startMs);
  const more = longestFirst(units, slots + 1, facts.startMs);
  if (now <= 0) return null;
  const predicted = (makespan * Math.min(now, more)) / now;
  return { makespan_ms: predicted, saved_ms: makespan - predicted };
}
