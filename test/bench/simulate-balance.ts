/**
 * A fleet in simulated time, scheduled by the product's own rules: how tasks are cut (runs/rules/cut-tasks.ts) and what idle slots take over
 * (dispatch/rules/steal.ts). Everything else (starting a process, asking for tests) costs what was measured.
 */
import { cutTasks } from '../../coordinator/runs/rules/cut-tasks.ts';
import { planSteals, scaleOf, type Victim } from '../../coordinator/dispatch/rules/steal.ts';

export interface SimulatedUnit {
  /** What it takes on a machine of speed 1, milliseconds. */
  actualMs: number;
  expectedMs: number;
}

export interface FleetCosts {
  /** From the grant to the first test. */
  startMs: number;
  /** From the request to give tests back to the grant of what was given. */
  stealMs: number;
}

export interface SimulatedSlot {
  /** 1 = as the history was measured on. */
  speed: number;
  /** When its machine is lost; its unfinished units are queued again `detectMs` later. */
  lostAtMs?: number;
}

export interface SimulatedRun {
  makespanMs: number;
  processes: number;
  steals: number;
  /** Milliseconds that the product's rules took, and how often they were asked. */
  decided: { ms: number; times: number };
  /** How often each unit was begun; exactly 1 where no machine is lost. */
  begun: number[];
}

interface Process {
  slot: number;
  fence: number;
  queue: number[];
  current: { no: number; since: number } | null;
  restUntil: number;
}

const DETECT_MS = 4_000;
/** As dispatch/stealing.ts: what cannot be taken over now may be soon. */
const LOOK_AGAIN_MS = 1_000;

/** Makespan of `units` on `slots`, all free at time 0. Deterministic. */
export function simulate(
  units: readonly SimulatedUnit[],
  slots: readonly SimulatedSlot[],
  costs: FleetCosts,
): SimulatedRun {
  const decided = { ms: 0, times: 0 };
  const decide = <T>(rule: () => T): T => {
    const began = performance.now();
    const result = rule();
    decided.ms += performance.now() - began;
    decided.times++;
    return result;
  };
  const cuttable = units.map(({ expectedMs }, no) => ({ no, expectedMs, needs: '', cpus: 0, memoryBytes: 0 }));
  const tasks = decide(() => cutTasks(cuttable, slots.length, costs.startMs));
  let lookDue = false;
  const pending = tasks.map((task) => task.unitNos);
  const events = new Timeline();
  const processes = new Map<number, Process>();
  const idle = new Set(slots.map((_, i) => i));
  const lost = new Set<number>();
  const begun = units.map(() => 0);
  let done = 0;
  const seen = { tests: 0, expectedMs: 0, actualMs: 0 };
  let fence = 0;
  let steals = 0;
  let makespanMs = 0;

  const next = (process: Process, now: number): void => {
    if (lost.has(process.slot)) return;
    const no = process.queue.shift();
    if (no === undefined) {
      processes.delete(process.slot);
      idle.add(process.slot);
      dispatch(now);
      return;
    }
    begun[no] = (begun[no] ?? 0) + 1;
    process.current = { no, since: now };
    const takesMs = (units[no]?.actualMs ?? 0) / (slots[process.slot]?.speed ?? 1);
    events.at(now + takesMs, (at) => {
      if (lost.has(process.slot)) return;
      process.current = null;
      done++;
      seen.tests++;
      seen.expectedMs += units[no]?.expectedMs ?? 0;
      seen.actualMs += takesMs;
      makespanMs = at;
      next(process, at);
    });
  };

  const start = (slot: number, queue: number[], now: number): void => {
    idle.delete(slot);
    const process: Process = { slot, fence: ++fence, queue: [...queue], current: null, restUntil: 0 };
    processes.set(slot, process);
    events.at(now + costs.startMs, (at) => next(process, at));
  };

  const dispatch = (now: number): void => {
    for (const slot of [...idle]) {
      const queue = pending.shift();
      if (!queue) break;
      start(slot, queue, now);
    }
    if (idle.size === 0 || pending.length > 0 || done === units.length) return;
    if (!lookDue && processes.size > 0) {
      lookDue = true;
      events.at(now + LOOK_AGAIN_MS, (at) => {
        lookDue = false;
        dispatch(at);
      });
    }
    const able = [...processes.values()].filter((process) => process.restUntil <= now);
    const known = { units, scale: scaleOf(seen) };
    const victims = able.map((process) => victimOf(process, slots[process.slot]?.speed ?? 1, known, now));
    const speeds = [...idle].map((slot) => slots[slot]?.speed ?? 1);
    for (const steal of decide(() => planSteals(victims, speeds, costs.startMs))) {
      const victim = able.find((process) => process.fence === steal.fence);
      if (!victim) continue;
      victim.restUntil = now + costs.stealMs;
      events.at(now + costs.stealMs, (at) => {
        victim.restUntil = 0;
        const wanted = new Set(steal.unitNos);
        // While none runs, the one that comes next stays, as in the reporter.
        const given = victim.queue.slice(victim.current ? 0 : 1).filter((no) => wanted.has(no));
        victim.queue = victim.queue.filter((no) => !given.includes(no));
        if (given.length > 0) {
          steals++;
          pending.push(given);
        }
        dispatch(at);
      });
    }
  };

  slots.forEach(({ lostAtMs }, slot) => {
    if (lostAtMs === undefined) return;
    events.at(lostAtMs, (now) => {
      lost.add(slot);
      idle.delete(slot);
      const process = processes.get(slot);
      processes.delete(slot);
      if (!process) return;
      events.at(now + DETECT_MS, (at) => {
        const left = [...(process.current ? [process.current.no] : []), ...process.queue];
        if (left.length > 0) pending.push(left);
        dispatch(at);
      });
    });
  });
  dispatch(0);
  events.run();
  return { makespanMs, processes: fence, steals, decided, begun };
}

interface Known {
  units: readonly SimulatedUnit[];
  scale: number;
}

function victimOf(process: Process, speed: number, known: Known, now: number): Victim {
  const { current, queue, fence } = process;

  const running = current ? [{ no: current.no, runningForMs: now - current.since }] : [];
  const all = [...running, ...queue.map((no) => ({ no, runningForMs: null }))];
  return {
    fence,
    speed,
    units: all.map((unit) => ({ ...unit, expectedMs: (known.units[unit.no]?.expectedMs ?? 0) * known.scale })),
  };
}

/** Events in the order of their times; equal times in the order of asking. */
class Timeline {
  readonly #events: { at: number; seq: number; fn: (now: number) => void }[] = [];
  #seq = 0;

  at(at: number, fn: (now: number) => void): void {
    const event = { at, seq: this.#seq++, fn };
    let low = 0;
    let high = this.#events.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = this.#events[middle];
      if (other && (other.at < at || (other.at === at && other.seq < event.seq))) low = middle + 1;
      else high = middle;
    }
    this.#events.splice(low, 0, event);
  }

  run(): void {
    for (let event = this.#events.shift(); event; event = this.#events.shift()) event.fn(event.at);
  }
}
