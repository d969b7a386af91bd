/**
 * Between the agent's process and another program of the same machine that minds it: the desktop app over Node's IPC channel of a child
 * process, or `playfleet worker status` over a local socket. One JSON object per message. The agent sends its status when a channel opens
 * and at each change, and answers each command by its id; what it does not understand it answers with an error, and goes on.
 */
import { z } from 'zod';
import { manners, RULE_MODES, THERMAL_STATES } from './manners.ts';

/** Raised when a message changes so that an older side would misunderstand it; new optional fields do not raise it. */
export const CONTROL_VERSION = 1;

/** Milliseconds since the epoch. */
const moment = z.int().min(0).max(8.64e15);

/** What only a program on the screen sees. Absent: as before; null: it cannot tell. */
export const desktopFacts = z
  .strictObject({
    /** Since the last key or pointer. */
    idleSeconds: z.number().min(0).max(1e9).nullable(),
    onBattery: z.boolean().nullable(),
    batteryPercent: z.number().min(0).max(100).nullable(),
    metered: z.boolean().nullable(),
    fullScreen: z.boolean().nullable(),
    locked: z.boolean().nullable(),
    thermal: z.enum(THERMAL_STATES).nullable(),
  })
  .partial();
export type DesktopFacts = z.infer<typeof desktopFacts>;

export const agentCommand = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('facts'), facts: desktopFacts }),
  /** `tomorrow`: until midnight in the time zone of the hours, else of the machine; null: until `resume`. Outlives a restart. */
  z.strictObject({
    type: z.literal('pause'),
    until: z.union(
      [moment, z.literal('tomorrow'), z.null()],
      "must be milliseconds since 1970, 'tomorrow', or null for until it is resumed",
    ),
  }),
  /** Ends the owner's own pause; what else holds the machine back does so still. */
  z.strictObject({ type: z.literal('resume') }),
  /** Whole; they are written to the data folder and count at once. */
  z.strictObject({ type: z.literal('manners'), manners }),
  /** The machine is about to sleep. Answered when all unfinished tests are handed back, or after `withinMs`. */
  z.strictObject({ type: z.literal('suspend'), withinMs: z.int().min(100).max(60_000).default(5000) }),
  /** It has slept, or does not sleep after all. */
  z.strictObject({ type: z.literal('woke') }),
  /** Nothing new; ends when what runs is finished. Answered at once. */
  z.strictObject({ type: z.literal('drain') }),
  /** Hands back what runs, and ends. Answered at once. */
  z.strictObject({ type: z.literal('stop') }),
]);
export type AgentCommand = z.infer<typeof agentCommand>;

/** `id` is chosen by the sender and comes back in the answer. */
export const controlRequest = z.strictObject({
  playfleet: z.literal('control'),
  v: z.literal(CONTROL_VERSION),
  id: z.int().min(0),
  command: agentCommand,
});
export type ControlRequest = z.infer<typeof controlRequest>;

/** Why a machine lends less than it could. `until`: known end, null where it depends on something else than time. */
const reasons = z.discriminatedUnion('reason', [
  z.object({ reason: z.literal('suspending'), until: z.null() }),
  z.object({ reason: z.literal('owner'), until: moment.nullable() }),
  /** `until` null: no hours are to come. */
  z.object({ reason: z.literal('outsideHours'), until: moment.nullable() }),
  z.object({ reason: z.literal('battery'), belowPercent: z.int().nullable(), until: z.null() }),
  z.object({ reason: z.literal('metered'), until: z.null() }),
  z.object({ reason: z.literal('thermal'), until: z.null() }),
  z.object({ reason: z.literal('fullScreen'), until: z.null() }),
  /** It ends this long after the last input. */
  z.object({ reason: z.literal('userActive'), idleSeconds: z.int(), until: z.null() }),
  z.object({ reason: z.literal('foreignLoad'), abovePercent: z.int(), until: z.null() }),
]);
export const why = z.intersection(z.object({ mode: z.enum(RULE_MODES).exclude(['off']) }), reasons);
export type Why = z.infer<typeof why>;
export type WhyReason = Why['reason'];

export const AGENT_STATES = ['starting', 'idle', 'busy', 'paused', 'offline', 'attention', 'draining'] as const;
export type AgentState = (typeof AGENT_STATES)[number];

export const agentStatus = z.object({
  state: z.enum(AGENT_STATES),
  version: z.string(),
  /** As the fleet knows the machine. */
  worker: z.string(),
  /** null: not enrolled yet. */
  coordinator: z.string().nullable(),
  slots: z.object({
    /** What it lends when nothing holds it back. */
    total: z.int().min(0),
    /** What it lends now. */
    lent: z.int().min(0),
    /** May be more than `lent`: what runs is finished. */
    busy: z.int().min(0),
  }),
  /** What runs at this moment, oldest first; at most 100. */
  tests: z.array(z.object({ run: z.string(), title: z.string(), since: moment })).max(100),
  /** What holds it back, the most important first; paused where the first one's mode is `pause`, and [] where nothing does. */
  why: z.array(why),
  /** What its owner must mend. */
  problem: z.object({ message: z.string(), mend: z.string().nullable() }).nullable(),
});
export type AgentStatus = z.infer<typeof agentStatus>;

export const CONTROL_ERRORS = ['not_understood', 'wrong_version', 'not_now', 'failed'] as const;

const answer = z.discriminatedUnion('ok', [
  z.object({
    ok: z.literal(true),
    /** Of `suspend`: how many tasks were handed back, and whether the coordinator has them again. */
    handedBack: z.object({ tasks: z.int(), arrived: z.boolean() }).optional(),
  }),
  z.object({
    ok: z.literal(false),
    error: z.object({
      code: z.enum(CONTROL_ERRORS),
      /** What is wrong and what it must be. */
      message: z.string(),
      /** Where in the request, as `command.manners.hours.timeZone`; null where it is no part. */
      field: z.string().nullable(),
    }),
  }),
]);
export type ControlAnswer = z.infer<typeof answer>;

/** What the agent says. */
export const controlMessage = z.discriminatedUnion('type', [
  z.object({
    playfleet: z.literal('control'),
    v: z.literal(CONTROL_VERSION),
    type: z.literal('status'),
    status: agentStatus,
  }),
  z.object({
    playfleet: z.literal('control'),
    v: z.literal(CONTROL_VERSION),
    type: z.literal('answer'),
    /** null where the request had none that could be read. */
    id: z.int().nullable(),
    answer,
  }),
]);
export type ControlMessage = z.infer<typeof controlMessage>;

/** A request, or the error that answers it. Never throws. */
export function readRequest(
  input: unknown,
): { request: ControlRequest } | { id: number | null; error: Extract<ControlAnswer, { ok: false }>['error'] } {
  const parsed = controlRequest.safeParse(input);
  if (parsed.success) return { request: parsed.data };
  const { id, v } = (typeof input === 'object' && input !== null ? input : {}) as { id?: unknown; v?: unknown };
  const known = Number.isSafeInteger(id) ? (id as number) : null;
  if (typeof v === 'number' && v !== CONTROL_VERSION) {
    const message = `this agent speaks version ${CONTROL_VERSION} of its control channel, not ${v}: update the older of the two programs`;
    return { id: known, error: { code: 'wrong_version', message, field: 'v' } };
  }
  const [issue] = parsed.error.issues;
  const field = issue?.path.map(String).join('.') || null;
  const message = `${field ?? 'the message'}: ${issue?.message ?? 'not understood'}`;
  return { id: known, error: { code: 'not_understood', message, field } };
}
