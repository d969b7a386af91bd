/**
 * The agent link: one WebSocket per worker at /api/v1/link, JSON text frames. The agent authenticates the upgrade with its worker key
 * (`Authorization: Bearer …`). It sends `hello` first; the coordinator answers `welcome`. Reports are kept in the agent's outbox on disk
 * until their `ack`, which is sent only after COMMIT; the same report again gets the same answer. Everything else may be lost.
 *
 * Protocol 2 added `revoke` and `revoked`, protocol 3 `pace`; none is sent to an agent that greeted with less. Protocol 4 added `secrets` and
 * `project` to grants (an older agent does not know how to hide secrets, and gets none), `allowProjects` to hello, and `keyRotateInMs` to welcome.
 * Protocol 5 added `lent` to offers (to an older coordinator an agent lends all its slots or none), and `offline`.
 */
import { z } from 'zod';
import { offlineWelcome } from './offline/promotion.ts';
import { discovery, plannedTest, settledTest, testAttempt, testError, testId } from './playwright.ts';
import { capabilities, grant, machineMetrics, processEnd, tags } from './work.ts';

/** Raised when messages are added or change; the coordinator accepts all from OLDEST_LINK_PROTOCOL on. */
export const LINK_PROTOCOL = 5;
export const OLDEST_LINK_PROTOCOL = 1;
/** Largest frame, in bytes, either way. */
export const MAX_FRAME_BYTES = 32 * 1024 * 1024;

/** Names one grant. The fence alone would do; task and attempt make logs readable. */
const held = z.object({ taskId: z.string().max(100), attempt: z.int().min(1), fence: z.int().min(1) });
export type Held = z.infer<typeof held>;

export const report = z.discriminatedUnion('kind', [
  /** The Playwright process is being started: assigned → running. */
  held.extend({ kind: z.literal('begin') }),
  held.extend({ kind: z.literal('discovered'), discovery, commit: z.string().max(64).nullable() }),
  /** Shard runs: the tests of this shard, before any of them runs. */
  held.extend({
    kind: z.literal('planned'),
    playwrightVersion: z.string().max(100),
    tests: z.array(plannedTest).max(200_000),
    supportingTestIds: z.array(testId).max(100_000),
  }),
  held.extend({
    kind: z.literal('results'),
    attempts: z.array(testAttempt).max(10_000),
    settled: z.array(settledTest).max(10_000),
    /** Errors outside any test. */
    errors: z.array(testError).max(1000).default([]),
  }),
  held.extend({ kind: z.literal('finish'), end: processEnd }),
  /** The answer to `revoke`: these tests were not begun and will not be. The grant goes on without them. */
  held.extend({ kind: z.literal('revoked'), testIds: z.array(testId).max(200_000) }),
  /** Given back unfinished, without blame (drain, pause, sleep). */
  held.extend({ kind: z.literal('release'), reason: z.string().max(2000) }),
]);
export type Report = z.infer<typeof report>;

export const agentMessage = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('hello'),
    protocol: z.int().min(1),
    agentVersion: z.string().max(100),
    slots: z.int().min(1).max(1000),
    capabilities,
    tags,
    /** Names of the projects that the machine's owner lets run; null: all. */
    allowProjects: z.array(z.string().max(200)).max(1000).nullable().optional(),
    /** Grants that are still worked on, or whose reports wait in the outbox. */
    held: z.array(held).max(10_000),
  }),
  /** How many slots are free now, counting grants on their way as taken. Sent after welcome and at each change. */
  z.object({
    type: z.literal('offer'),
    free: z.int().min(0).max(1000),
    /** Of the slots of its hello: how many it lends at this moment; absent: all. What runs already may be more. */
    lent: z.int().min(0).max(1000).optional(),
  }),
  z.object({ type: z.literal('report'), id: z.int().min(1), report }),
  /** Tests that have begun, for live views. */
  held.extend({ type: z.literal('progress'), running: z.array(z.object({ testId, retry: z.int().min(0) })).max(1000) }),
  /** `seq` counts from 0 per grant. */
  held.extend({
    type: z.literal('log'),
    seq: z.int().min(0),
    stream: z.enum(['stdout', 'stderr', 'agent']),
    text: z.string().max(256 * 1024),
  }),
  /** Sent every heartbeat interval: renews the leases of all held grants. */
  z.object({ type: z.literal('heartbeat'), metrics: machineMetrics, held: z.array(held).max(10_000) }),
  /** Capabilities changed (a browser was installed, a tag set). */
  z.object({ type: z.literal('capabilities'), capabilities, tags }),
  /** The owner drains, pauses or resumes the machine from its own side. */
  z.object({
    type: z.literal('intent'),
    intent: z.enum(['active', 'paused', 'draining']),
    reason: z.string().max(500),
  }),
]);
export type AgentMessage = z.infer<typeof agentMessage>;

export const ackResult = z.enum([
  /** Stored and counted, now or by an earlier copy of the same report. */
  'accepted',
  /** The grant is no longer this worker's: stored where useful, not counted. Stop the work. */
  'stale',
  /** The coordinator cannot use it (it says why); do not send it again. */
  'refused',
]);
export type AckResult = z.infer<typeof ackResult>;

export const coordinatorMessage = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('welcome'),
    protocol: z.int(),
    workerId: z.string(),
    coordinatorVersion: z.string(),
    heartbeatMs: z.int().min(100),
    intent: z.enum(['active', 'paused', 'draining', 'maintenance']),
    /** After so long the agent asks for a new key; null: never. */
    keyRotateInMs: z.int().min(0).nullable().optional(),
    /** Of the held grants: those that are no longer this worker's. */
    stale: z.array(held),
  }),
  z.object({ type: z.literal('grant'), grant }),
  z.object({ type: z.literal('ack'), id: z.int(), result: ackResult, detail: z.string().optional() }),
  /** Do not begin these tests: an idle slot will run them. A report `revoked` says which of them had not begun. */
  held.extend({ type: z.literal('revoke'), testIds: z.array(testId).max(200_000) }),
  /** How often to send what may be left out, milliseconds: the coordinator is behind, or is not any more. Holds until the link ends. */
  z.object({ type: z.literal('pace'), logMs: z.int().min(100), heartbeatMs: z.int().min(100) }),
  /** Stop the work of this grant at once; a `finish` with how=cancelled follows. */
  held.extend({ type: z.literal('cancel'), reason: z.string() }),
  z.object({
    type: z.literal('intent'),
    intent: z.enum(['active', 'paused', 'draining', 'maintenance']),
    reason: z.string(),
  }),
  /** Sent after welcome, and when the permit changes: what to know for when this coordinator is away. */
  offlineWelcome.extend({ type: z.literal('offline') }),
  /**
   * Followed by a close: 4401 key refused or revoked, 4426 protocol too old, 4409 replaced by a newer connection of the same worker, 4427 agent
   * older than the coordinator takes: not for good, because it may be updated, or the coordinator told to take it, 4410 this one stood in for another
   * and does so no more.
   */
  z.object({ type: z.literal('error'), code: z.string(), message: z.string() }),
]);
export type CoordinatorMessage = z.infer<typeof coordinatorMessage>;

export const CLOSE = {
  badMessage: 4400,
  goHome: 4410,
  keyRefused: 4401,
  replaced: 4409,
  protocolTooOld: 4426,
  agentTooOld: 4427,
} as const;
