/**
 * What a machine lends now: from its owner's settings, from what is known of it, and from the time. Pure; what must be remembered between
 * two decisions goes in and comes out. A rule takes slots away at once (other programs' load: when it lasts), and gives them back only
 * when its reason has been gone for a while, so that a value around its limit never makes work come and go.
 */
import type { Why } from '../../../shared/protocol/desktop/agent.ts';
import {
  CPU_PRIORITIES,
  THERMAL_STATES,
  type CpuPriority,
  type Manners,
  type ThermalState,
} from '../../../shared/protocol/desktop/manners.ts';
import { openAt } from './hours.ts';

/** null: not known, and then no reason to hold back. */
export interface Facts {
  /** Of the last key or pointer, by the wall clock; not in the future. */
  lastInputAt: number | null;
  onBattery: boolean | null;
  batteryPercent: number | null;
  metered: boolean | null;
  fullScreen: boolean | null;
  locked: boolean | null;
  thermal: ThermalState | null;
  /** What programs that are not ours use of all processors. */
  foreignPercent: number | null;
}

export const NOTHING_KNOWN: Facts = {
  lastInputAt: null,
  onBattery: null,
  batteryPercent: null,
  metered: null,
  fullScreen: null,
  locked: null,
  thermal: null,
  foreignPercent: null,
};

export interface Circumstances {
  manners: Manners;
  facts: Facts;
  /** The owner's own pause; `until` null: until it is taken back. */
  ownPause: { until: number | null } | null;
  /** The machine is about to sleep. */
  isSuspending: boolean;
  /** What it lends when nothing holds it back. */
  slots: number;
}

export interface Decision {
  slots: number;
  /** Of tests that run and of those that begin. */
  cpuPriority: CpuPriority;
  /** The most important first; [] where nothing holds it back. */
  why: Why[];
  /** While no fact and no setting changes, the decision changes at this moment, and not before; null: never. */
  nextAt: number | null;
}

const SITUATIONS = ['battery', 'metered', 'thermal', 'fullScreen', 'userActive', 'foreignLoad'] as const;
type Situation = (typeof SITUATIONS)[number];

interface RuleMemory {
  /** Since when it holds the machine back; null: it does not. */
  onSince: number | null;
  /** Since when the facts ask for it without a break, while it is off. */
  roughSince: number | null;
  /** Since when they are good without a break, while it is on. */
  calmSince: number | null;
}
export type Memory = Readonly<Record<Situation, RuleMemory>>;

const OFF: RuleMemory = { onSince: null, roughSince: null, calmSince: null };
export const FIRST_MEMORY: Memory = {
  battery: OFF,
  metered: OFF,
  thermal: OFF,
  fullScreen: OFF,
  userActive: OFF,
  foreignLoad: OFF,
};

/** Nothing that was taken away is given back sooner. */
export const LEAST_ON_MS = 10_000;
/** How long facts must ask for it, and how long they must be good again. A person is never kept waiting. */
const PATIENCE: Record<Situation, { enterMs: number; exitMs: number }> = {
  battery: { enterMs: 0, exitMs: 15_000 },
  metered: { enterMs: 0, exitMs: 15_000 },
  thermal: { enterMs: 0, exitMs: 60_000 },
  fullScreen: { enterMs: 0, exitMs: 15_000 },
  userActive: { enterMs: 0, exitMs: 0 },
  foreignLoad: { enterMs: 10_000, exitMs: 60_000 },
};
/** A battery is charged by so much more before it is full enough again, and load is so much less. Percentage points. */
const BATTERY_MARGIN = 5;
const LOAD_MARGIN = 15;
/** Of the idle time: where an estimate of the last input wavers, nobody has come back. */
const IDLE_MARGIN = 0.1;

interface Level {
  /** `between` its two limits a rule stays as it is. */
  level: 'rough' | 'between' | 'calm';
  /** When it becomes calm by time alone. */
  calmAt: number | null;
}

/** @returns the decision, and what the next one must be given as `memory`. */
export function decide(
  memory: Memory,
  circumstances: Circumstances,
  now: number,
): { decision: Decision; memory: Memory } {
  const { manners, facts, ownPause, isSuspending, slots } = circumstances;
  const why: Why[] = [];
  const changes: number[] = [];
  if (isSuspending) why.push({ mode: 'pause', reason: 'suspending', until: null });
  if (ownPause && (ownPause.until === null || ownPause.until > now)) {
    why.push({ mode: 'pause', reason: 'owner', until: ownPause.until });
    if (ownPause.until !== null) changes.push(ownPause.until);
  }
  if (manners.hours) {
    const { isOpen, until } = openAt(manners.hours, now);
    if (!isOpen) why.push({ mode: 'pause', reason: 'outsideHours', until });
    if (until !== null) changes.push(until);
  }
  const after: Record<Situation, RuleMemory> = { ...memory };
  for (const situation of SITUATIONS) {
    const { mode } = manners[situation];
    if (mode === 'off') {
      after[situation] = OFF;
      continue;
    }
    const level = levelOf(situation, manners, facts, now);
    const next = step(memory[situation], level, PATIENCE[situation], now);
    after[situation] = next.memory;
    if (next.changesAt !== null) changes.push(next.changesAt);
    if (next.memory.onSince !== null) why.push({ mode, ...reasonOf(situation, manners) });
  }
  why.sort((a, b) => Number(b.mode === 'pause') - Number(a.mode === 'pause'));
  const decision = { ...lent(why, manners, slots), why, nextAt: changes.length > 0 ? Math.min(...changes) : null };
  return { decision, memory: after };
}

function lent([first]: Why[], { fewer, cpuPriority }: Manners, slots: number): Pick<Decision, 'slots' | 'cpuPriority'> {
  if (!first) return { slots, cpuPriority };
  return {
    slots: first.mode === 'pause' ? 0 : Math.min(slots, fewer.slots),
    // What is finished during a pause is in nobody's way either.
    cpuPriority: lower(cpuPriority, fewer.cpuPriority),
  };
}

const lower = (a: CpuPriority, b: CpuPriority): CpuPriority =>
  CPU_PRIORITIES.indexOf(a) > CPU_PRIORITIES.indexOf(b) ? a : b;

/** `changesAt`: when it turns on or off by time alone. */
function step(
  before: RuleMemory,
  { level, calmAt }: Level,
  { enterMs, exitMs }: { enterMs: number; exitMs: number },
  now: number,
): { memory: RuleMemory; changesAt: number | null } {
  // A clock that was set back must not make a rule wait for the old time.
  const past = (at: number | null): number | null => (at === null ? null : Math.min(at, now));
  const onSince = past(before.onSince);
  if (onSince === null) {
    if (level !== 'rough') return { memory: OFF, changesAt: null };
    const roughSince = past(before.roughSince) ?? now;
    if (now - roughSince < enterMs) return { memory: { ...OFF, roughSince }, changesAt: roughSince + enterMs };
    return step({ ...OFF, onSince: now }, { level, calmAt }, { enterMs, exitMs }, now);
  }
  if (level !== 'calm')
    return {
      memory: { ...OFF, onSince },
      changesAt: calmAt === null ? null : Math.max(calmAt + exitMs, onSince + LEAST_ON_MS),
    };
  const calmSince = past(before.calmSince) ?? now;
  const endsAt = Math.max(calmSince + exitMs, onSince + LEAST_ON_MS);
  if (now >= endsAt) return { memory: OFF, changesAt: null };
  return { memory: { onSince, roughSince: null, calmSince }, changesAt: endsAt };
}

function levelOf(situation: Situation, manners: Manners, facts: Facts, now: number): Level {
  switch (situation) {
    case 'battery': {
      const { belowPercent } = manners.battery;
      const { onBattery, batteryPercent } = facts;
      if (onBattery !== true) return level(false);
      if (belowPercent === null) return level(true);
      if (batteryPercent === null) return level(false);
      return { ...between(batteryPercent < belowPercent, batteryPercent >= belowPercent + BATTERY_MARGIN) };
    }
    case 'metered':
      return level(facts.metered === true);
    case 'fullScreen':
      return level(facts.fullScreen === true && facts.locked !== true);
    case 'thermal':
      return level(
        facts.thermal !== null && THERMAL_STATES.indexOf(facts.thermal) >= THERMAL_STATES.indexOf(manners.thermal.from),
      );
    case 'foreignLoad': {
      const { foreignPercent } = facts;
      const { abovePercent } = manners.foreignLoad;
      if (foreignPercent === null) return level(false);
      return between(
        foreignPercent > abovePercent,
        foreignPercent <= Math.max(abovePercent - LOAD_MARGIN, abovePercent / 2),
      );
    }
    case 'userActive': {
      const { idleSeconds, notWhileLocked } = manners.userActive;
      if (facts.lastInputAt === null || (notWhileLocked && facts.locked === true)) return level(false);
      const idleMs = idleSeconds * 1000;
      const idle = now - facts.lastInputAt;
      return { ...between(idle < idleMs * (1 - IDLE_MARGIN), idle >= idleMs), calmAt: facts.lastInputAt + idleMs };
    }
  }
}

const level = (isRough: boolean): Level => between(isRough, !isRough);
const between = (isRough: boolean, isCalm: boolean): Level => ({
  level: isRough ? 'rough' : isCalm ? 'calm' : 'between',
  calmAt: null,
});

type WithoutMode<W> = W extends unknown ? Omit<W, 'mode'> : never;

function reasonOf(situation: Situation, manners: Manners): WithoutMode<Why> {
  switch (situation) {
    case 'battery':
      return { reason: 'battery', belowPercent: manners.battery.belowPercent, until: null };
    case 'userActive':
      return { reason: 'userActive', idleSeconds: manners.userActive.idleSeconds, until: null };
    case 'foreignLoad':
      return { reason: 'foreignLoad', abovePercent: manners.foreignLoad.abovePercent, until: null };
    default:
      return { reason: situation, until: null };
  }
}
