/**
 * When a machine lends its slots, as its owner sets it: a weekly schedule, and what makes it hold back. Kept in `manners.json` of the
 * agent's data folder; the desktop app sends it whole over the control channel (agent.ts). Everything is off where nothing is said: a
 * machine in a rack has no manners to mind.
 */
import { z } from 'zod';
import { isTimeZone } from '../../base/time-zone.ts';

export const MANNERS_VERSION = 1;

export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Weekday = (typeof WEEKDAYS)[number];

const timeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time of day from 00:00 to 23:59, as 09:00');
const endOfSpan = z
  .string()
  .regex(/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/, 'must be a time of day from 00:00 to 24:00, as 18:00');

/** `to` before `from` ends on the next day; the same time twice is a whole day. */
const span = z.strictObject({ from: timeOfDay, to: endOfSpan });
export type Span = z.infer<typeof span>;

const date = z.iso.date('must be a day that exists, as 2026-12-24');

export const hours = z.strictObject({
  timeZone: z.string().refine(isTimeZone, 'must be a time zone by its IANA name, as Europe/Berlin'),
  /** The machine lends in all of these; [] = never, apart from the exceptions. */
  week: z.array(span.extend({ days: z.array(z.enum(WEEKDAYS)).min(1, 'must name a day').max(7) })).max(100),
  /** Days that do not go by the week: what begins on them is this alone; [] = nothing does. */
  exceptions: z
    .array(z.strictObject({ date, spans: z.array(span).max(24) }))
    .max(1000)
    .default([]),
});
export type Hours = z.infer<typeof hours>;

/** What a fact is answered with: nothing, fewer slots at less CPU priority, or no new work at all. */
export const RULE_MODES = ['off', 'fewer', 'pause'] as const;
export type RuleMode = (typeof RULE_MODES)[number];
const mode = z.enum(RULE_MODES).default('off');

/** How tests stand beside the owner's programs when the processor is wanted by both. */
export const CPU_PRIORITIES = ['normal', 'low', 'lowest'] as const;
export type CpuPriority = (typeof CPU_PRIORITIES)[number];

export const THERMAL_STATES = ['nominal', 'fair', 'serious', 'critical'] as const;
export type ThermalState = (typeof THERMAL_STATES)[number];

export const manners = z.strictObject({
  version: z.literal(MANNERS_VERSION, `must be ${MANNERS_VERSION}: it was written by another version of Playfleet`),
  /** null: at any time. */
  hours: hours.nullable().default(null),
  /** `belowPercent` null: as soon as it runs on battery. */
  battery: z.strictObject({ mode, belowPercent: z.int().min(1).max(100).nullable().default(null) }).prefault({}),
  metered: z.strictObject({ mode }).prefault({}),
  /** Somebody uses the machine: its last input is less than `idleSeconds` ago. */
  userActive: z
    .strictObject({
      mode,
      idleSeconds: z.int().min(10).max(86_400).default(300),
      /** A locked screen means that nobody uses it. */
      notWhileLocked: z.boolean().default(true),
    })
    .prefault({}),
  /** Programs that are not ours use more than this share of all processors. */
  foreignLoad: z.strictObject({ mode, abovePercent: z.int().min(5).max(100).default(60) }).prefault({}),
  thermal: z.strictObject({ mode, from: z.enum(['fair', 'serious', 'critical']).default('serious') }).prefault({}),
  fullScreen: z.strictObject({ mode }).prefault({}),
  /** What `fewer` means. */
  fewer: z
    .strictObject({ slots: z.int().min(1).max(1000).default(1), cpuPriority: z.enum(CPU_PRIORITIES).default('low') })
    .prefault({}),
  /** While nothing holds it back. */
  cpuPriority: z.enum(CPU_PRIORITIES).default('normal'),
  /** When a pause begins: tests that run are finished and only the others go back, or all go back at once. */
  whenPaused: z.enum(['finish', 'giveBack']).default('finish'),
});
export type Manners = z.infer<typeof manners>;

/** Of a machine that nobody sits at. */
export const NO_MANNERS: Manners = manners.parse({ version: MANNERS_VERSION });

/** What somebody's own computer begins with. */
export const POLITE_MANNERS: Manners = manners.parse({
  version: MANNERS_VERSION,
  battery: { mode: 'pause' },
  metered: { mode: 'pause' },
  userActive: { mode: 'fewer' },
  foreignLoad: { mode: 'fewer' },
  thermal: { mode: 'pause' },
  fullScreen: { mode: 'pause' },
  cpuPriority: 'low',
});
