/**
 * What the desktop app's page may ask of the app, as the preload script offers it in `window.playfleet`, and what the app tells the page: one
 * table, by which the app checks each argument, and from which the page's types come. In a browser `window.playfleet` does not exist.
 */
import { z } from 'zod';
import { manners } from './manners.ts';
import type { DesktopAsk, DesktopTell } from './calls.ts';
import { desktopProblem, desktopState, preferences, updateState, type DesktopProblem } from './state.ts';
import { foundCoordinator, joinWay, lending, wizardInput, wizardState } from './wizard.ts';

const nothing = z.undefined();
const done = z.null();
const coordinator = z.strictObject({ id: z.string().min(1).max(200) });

/** `takes`: the one argument; `gives`: what a good answer holds. */
export const desktopCalls = {
  state: { takes: nothing, gives: desktopState },
  /** until_resumed: until somebody says `resume`. What runs is finished; nothing new begins. */
  pause: { takes: z.strictObject({ for: z.enum(['hour', 'until_tomorrow', 'until_resumed']) }), gives: desktopState },
  resume: { takes: nothing, gives: desktopState },
  manners: { takes: nothing, gives: manners },
  setManners: { takes: manners, gives: manners },
  lending: { takes: nothing, gives: lending },
  /** Name, slots and projects count once what runs is finished: the agent is started anew. */
  setLending: { takes: lending, gives: lending },
  wizard: { takes: nothing, gives: wizardState },
  /** Answers when the step is taken or refused (`problem`); what takes longer is told by `wizardChanged`. */
  wizardDo: { takes: wizardInput, gives: wizardState },
  /** Looks around on the LAN for some seconds. */
  discover: { takes: nothing, gives: z.array(foundCoordinator) },
  /** Enrols this computer at one more coordinator and makes that the active one. */
  addCoordinator: { takes: joinWay, gives: desktopState },
  /** What runs for the one before is finished first. */
  chooseCoordinator: { takes: coordinator, gives: desktopState },
  forgetCoordinator: { takes: coordinator, gives: desktopState },
  /** Only what is named changes. */
  setPreferences: { takes: preferences.partial(), gives: desktopState },
  /** The owner's answer where the system keeps no secrets: hold them in memory until the app ends. */
  keepSecretsForSession: { takes: nothing, gives: desktopState },
  checkForUpdate: { takes: nothing, gives: updateState },
  /** As soon as it disturbs nobody; with `now`, what runs is given back first. */
  installUpdate: { takes: z.strictObject({ now: z.boolean() }), gives: updateState },
  /** Lets values of secrets into the copy of the active coordinator, or out of it: once what runs is finished, the agent is started anew. */
  setCopySecrets: { takes: z.strictObject({ on: z.boolean() }), gives: desktopState },
  /** Makes this computer stand in for the active coordinator, from its copy; `secrets`: their values in it are opened here. Answers when it listens. */
  promote: { takes: z.strictObject({ secrets: z.boolean() }), gives: desktopState },
  /** No more runs there; all is brought home, compared and deleted here. `now`: what has not ended is cancelled. Answers at once. */
  demote: { takes: z.strictObject({ now: z.boolean() }), gives: desktopState },
  /** On the LAN, for some seconds: who has proven to stand in for the active coordinator. */
  lookForStandIns: { takes: nothing, gives: desktopState },
  /** Works for who stands in at this address (`https://host:port`), where it can prove that it does; what runs is finished. */
  switchTo: { takes: z.strictObject({ address: z.string().trim().min(1).max(500) }), gives: desktopState },
  switchHome: { takes: nothing, gives: desktopState },
  /** After it was given up. */
  restartPart: { takes: z.strictObject({ part: z.enum(['agent', 'coordinator', 'promotion']) }), gives: desktopState },
  openLogs: { takes: nothing, gives: done },
  /** Reports of crashes of the app; they stay on this computer. */
  crashes: {
    takes: nothing,
    gives: z.array(z.object({ name: z.string(), at: z.int().min(0), bytes: z.int().min(0) })),
  },
  deleteCrashes: { takes: nothing, gives: done },
  /** drain: when what runs is finished; now: what runs is given back. Answers at once. */
  quit: { takes: z.strictObject({ how: z.enum(['drain', 'now']) }), gives: desktopState },
} as const satisfies Record<DesktopAsk, { takes: z.ZodType; gives: z.ZodType }>;

/** What the app says without being asked. */
export const desktopTells = {
  changed: desktopState,
  wizardChanged: wizardState,
} as const satisfies Record<DesktopTell, z.ZodType>;

/** Promises are never rejected for what the app refuses: errors lose all but their text on the way into the page. */
export const desktopAnswer = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), value: z.unknown() }),
  z.object({ ok: z.literal(false), problem: desktopProblem }),
]);
export type DesktopAnswer<T = unknown> = { ok: true; value: T } | { ok: false; problem: DesktopProblem };

type Calls = typeof desktopCalls;
export type Takes<K extends DesktopAsk> = z.input<Calls[K]['takes']>;
export type Gives<K extends DesktopAsk> = z.output<Calls[K]['gives']>;
export type Told<K extends DesktopTell> = z.output<(typeof desktopTells)[K]>;

/** `window.playfleet`. */
export type DesktopApi = {
  readonly version: number;
} & {
  readonly [K in DesktopAsk]: undefined extends Takes<K>
    ? () => Promise<DesktopAnswer<Gives<K>>>
    : (argument: Takes<K>) => Promise<DesktopAnswer<Gives<K>>>;
} & {
  /** Returns what ends listening. */
  readonly on: <K extends DesktopTell>(name: K, listener: (told: Told<K>) => void) => () => void;
};
