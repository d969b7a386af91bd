/** What the desktop app tells its page about this computer: one state, sent whole whenever it changes (api.ts). */
import { z } from 'zod';
import { agentStatus } from './agent.ts';
import { offlineView } from './offline.ts';
import { partState } from './part-state.ts';

/** Milliseconds since the epoch. */
const at = z.int().min(0);

/** Why something did not work: a stable code for programs, a sentence that says what to do, and the field that is meant. */
export const desktopProblem = z.object({
  code: z.string().min(1),
  message: z.string().min(1),
  /** Of the argument, such as `link`; null where no field is to blame. */
  field: z.string().nullable(),
});
export type DesktopProblem = z.infer<typeof desktopProblem>;

/** A coordinator that this computer remembers. */
export const rememberedCoordinator = z.object({
  id: z.string().min(1),
  name: z.string().min(1),
  /** Without a slash at its end; null: this computer's own, while it does not run. */
  url: z.string().nullable(),
  /** Known by the pin of its own certificate. */
  pinned: z.boolean(),
  /** Runs on this computer, in a child process of this app. */
  own: z.boolean(),
  /** The dashboard shows it, and the agent works for it. Exactly one is, unless there is none. */
  active: z.boolean(),
  /** Somebody is signed in there from this app. */
  signedIn: z.boolean(),
});
export type RememberedCoordinator = z.infer<typeof rememberedCoordinator>;

export const updateState = z.object({
  /**
   * unsupported: this package is updated in another way (`problem` says how); waiting: loaded and checked, installed when it disturbs nobody
   * (`waitingFor` says in words for what); refused: what the feed offered did not pass the checks.
   */
  state: z.enum([
    'unsupported',
    'idle',
    'checking',
    'none',
    'available',
    'downloading',
    'waiting',
    'installing',
    'refused',
    'failed',
  ]),
  /** That is offered. */
  version: z.string().nullable(),
  percent: z.number().min(0).max(100).nullable(),
  waitingFor: z.string().nullable(),
  problem: z.string().nullable(),
  checkedAt: at.nullable(),
});
export type UpdateState = z.infer<typeof updateState>;

export const preferences = z.strictObject({
  startAtLogin: z.boolean(),
  notifications: z.enum(['all', 'important', 'none']),
  language: z.enum(['system', 'en', 'de']),
  updates: z.strictObject({ automatic: z.boolean(), channel: z.enum(['stable', 'beta']) }),
});
export type Preferences = z.infer<typeof preferences>;

/** Where passwords and keys of this app are kept. */
export const secretsState = z.object({
  /** safe: encrypted by the system; session: in memory until the app ends; refused: nowhere, until the owner decides. */
  kept: z.enum(['safe', 'session', 'refused']),
  /** Why they are not kept safely, in words; null where they are. */
  reason: z.string().nullable(),
});
export type SecretsState = z.infer<typeof secretsState>;

export const desktopState = z.object({
  machine: z.object({ name: z.string(), platform: z.string(), arch: z.string() }),
  versions: z.object({ app: z.string(), electron: z.string(), chrome: z.string(), node: z.string() }),
  /** That the app itself speaks: English or German. */
  language: z.enum(['en', 'de']),
  /** False until the first-run wizard has ended. */
  isSetUp: z.boolean(),
  /** `status` is what the agent last said of itself; null while it does not run. */
  agent: partState.extend({ status: agentStatus.nullable() }),
  /** The coordinator of this computer; off unless it works alone. */
  ownCoordinator: partState,
  coordinators: z.array(rememberedCoordinator),
  offline: offlineView,
  secrets: secretsState,
  preferences,
  update: updateState,
  /** Set once the app has been asked to end: how many tasks it still waits for. */
  quitting: z.object({ tasks: z.int().min(0), until: at.nullable() }).nullable(),
});
export type DesktopState = z.infer<typeof desktopState>;
