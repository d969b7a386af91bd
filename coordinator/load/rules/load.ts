/**
 * Whether the coordinator keeps up with what it is sent. It becomes worse only when it has been so for a while (one long command is no
 * overload), and better only when it has been clearly better for a while, so that it does not swing.
 */
export const LEVELS = ['normal', 'busy', 'overloaded'] as const;
export type LoadLevel = (typeof LEVELS)[number];

/** What was seen since the last look. */
export interface Signals {
  /** Longest that the event loop kept anything waiting, milliseconds. */
  loopDelayMs: number;
  /** Since when the oldest command waits for the database, milliseconds. */
  commitWaitMs: number;
  /** Received from workers and not carried out yet. */
  inflowBytes: number;
  /** For how long the database has been at work nearly all the time, milliseconds: what waits may wait where nobody here sees it. */
  saturatedMs: number;
}

interface Limit {
  busy: number;
  overloaded: number;
  tell: (value: number) => string;
}

const MB = 1024 * 1024;
const ms = (value: number) => `${Math.round(value)} ms`;

export const LIMITS: Record<keyof Signals, Limit> = {
  loopDelayMs: { busy: 150, overloaded: 500, tell: (value) => `everything waits up to ${ms(value)} for its turn` },
  commitWaitMs: { busy: 250, overloaded: 1000, tell: (value) => `changes wait ${ms(value)} for the database` },
  inflowBytes: {
    busy: 8 * MB,
    overloaded: 32 * MB,
    tell: (value) => `${Math.round(value / MB)} MB of reports wait to be stored`,
  },
  saturatedMs: {
    busy: 1_000,
    overloaded: 5_000,
    tell: (value) => `the database has been at work all the time for ${Math.round(value / 1000)} s`,
  },
};

/** It must have been worse for so long. */
export const RISE_MS = 750;
/** It must have been better for so long, */
export const CALM_MS = 2_000;
/** and by so much: below this part of the limits. */
const CLEARLY = 0.7;

export interface Load {
  level: LoadLevel;
  /** For people; empty while normal. */
  reasons: readonly string[];
  /** Since when it is at this level, by the clock that `nextLoad` is given. */
  since: number;
  /** Since when the signals are worse than the level; null while they are not. */
  worseSince: number | null;
  /** When the signals last were as bad as the level. */
  heldAt: number;
}

export const calm = (now: number): Load => ({
  level: 'normal',
  reasons: [],
  since: now,
  worseSince: null,
  heldAt: now,
});

/** `now`: milliseconds of a clock that never jumps. */
export function nextLoad(before: Load, signals: Signals, now: number): Load {
  const seen = levelOf(signals, 1);
  const held = levelOf(signals, CLEARLY);
  const worseSince = rank(seen) > rank(before.level) ? (before.worseSince ?? now) : null;
  if (worseSince !== null && now - worseSince >= RISE_MS) return at(seen, signals, now);
  const heldAt = rank(held) >= rank(before.level) ? now : before.heldAt;
  if (now - heldAt >= CALM_MS) return at(held, signals, now);
  // What made it worse is told as long as it lasts; after that, what it was.
  const reasons = reasonsFor(before.level, signals);
  return { ...before, reasons: reasons.length > 0 ? reasons : before.reasons, worseSince, heldAt };
}

const rank = (level: LoadLevel) => LEVELS.indexOf(level);

const at = (level: LoadLevel, signals: Signals, now: number): Load => ({
  level,
  reasons: reasonsFor(level, signals),
  since: now,
  worseSince: null,
  heldAt: now,
});

function levelOf(signals: Signals, part: number): LoadLevel {
  const reaches = (level: 'busy' | 'overloaded') => names.some((name) => signals[name] >= LIMITS[name][level] * part);
  return reaches('overloaded') ? 'overloaded' : reaches('busy') ? 'busy' : 'normal';
}

function reasonsFor(level: LoadLevel, signals: Signals): string[] {
  if (level === 'normal') return [];
  const why = names.filter((name) => signals[name] >= LIMITS[name].busy * CLEARLY);
  return why.map((name) => LIMITS[name].tell(signals[name]));
}

const names = Object.keys(LIMITS) as (keyof Signals)[];

/** Nearly all the time. */
const FULL_SHARE = 0.7;
/** How much the newest look weighs: one short pause is none. */
const NEWEST_WEIGHT = 0.3;

export interface Saturation {
  /** 0–1: part of the time that the database was at work lately. */
  share: number;
  /** Since when that is nearly all; null while it is not. */
  since: number | null;
}

/** `share`: of the time since the last look. */
export function nextSaturation(before: Saturation, share: number, now: number): Saturation {
  const lately = before.share + (Math.min(1, share) - before.share) * NEWEST_WEIGHT;
  return { share: lately, since: lately >= FULL_SHARE ? (before.since ?? now) : null };
}

/** What may be left out, the least important first, and from which level on. Results, claims and reports are not among it. */
const LEFT_OUT_FROM = {
  metrics: 'busy',
  log_lines: 'overloaded',
  live_views: 'overloaded',
  requests: 'overloaded',
} as const;
export type Sheddable = keyof typeof LEFT_OUT_FROM;
export const SHEDDABLE = Object.keys(LEFT_OUT_FROM) as Sheddable[];

export function leavesOut(level: LoadLevel, what: Sheddable): boolean {
  return rank(level) >= rank(LEFT_OUT_FROM[what]);
}

/** How often agents are asked to send what may be left out, milliseconds. */
export interface Pace {
  /** Of what one attempt prints. */
  logMs: number;
  /** Heartbeats renew leases too: never so rare that two of them lost would cost one. */
  heartbeatMs: number;
}

const LOG_MS: Record<LoadLevel, number> = { normal: 200, busy: 1_000, overloaded: 5_000 };

export function paceOf(level: LoadLevel, { heartbeatMs, leaseMs }: { heartbeatMs: number; leaseMs: number }): Pace {
  const rarest = Math.max(heartbeatMs, leaseMs / 4);
  return { logMs: LOG_MS[level], heartbeatMs: Math.round(Math.min(rarest, heartbeatMs * 2 ** rank(level))) };
}
