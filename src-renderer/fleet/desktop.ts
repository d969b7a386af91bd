/**
 * The desktop app around this page, where there is one: what its preload script offers in `window.playfleet`, and the app's state as this tab
 * knows it. In a browser there is none, and pages about this computer are not shown.
 */
import { create } from 'zustand';
import type { DesktopAnswer, DesktopApi, Gives, Takes } from '../../shared/protocol/desktop/api.ts';
import type { DESKTOP_API_VERSION, DesktopAsk } from '../../shared/protocol/desktop/calls.ts';
import type { DesktopProblem, DesktopState } from '../../shared/protocol/desktop/state.ts';

/** Of the interface that this page is written for; another one does not compile. */
const VERSION: typeof DESKTOP_API_VERSION = 1;

declare global {
  interface Window {
    playfleet?: DesktopApi;
  }
}

/** none: a browser. older, newer: the app around this page is; what it offers is not used then. */
export type DesktopKind = 'none' | 'here' | 'older' | 'newer';

export function desktopKind(api: Pick<DesktopApi, 'version'> | undefined = window.playfleet): DesktopKind {
  if (typeof api !== 'object' || api === null) return 'none';
  if (api.version === VERSION) return 'here';
  return api.version > VERSION ? 'newer' : 'older';
}

/** What the app refused, in its words. */
export class DesktopError extends Error {
  override readonly name = 'DesktopError';
  readonly code: string;
  /** Of the argument; null where none is to blame. */
  readonly field: string | null;

  constructor({ code, message, field }: DesktopProblem) {
    super(message);
    this.code = code;
    this.field = field;
  }
}

type Argument<K extends DesktopAsk> = undefined extends Takes<K> ? [] : [argument: Takes<K>];

/** Asks the app for something. Rejects with a DesktopError for what it refuses. Call it only where there is one. */
export async function ask<K extends DesktopAsk>(name: K, ...argument: Argument<K>): Promise<Gives<K>> {
  const call = window.playfleet?.[name] as ((...given: Argument<K>) => Promise<DesktopAnswer<Gives<K>>>) | undefined;
  if (call === undefined) throw new Error(`The app does not offer ${name}.`);
  const answer = await call(...argument);
  if (!answer.ok) throw new DesktopError(answer.problem);
  return answer.value;
}

interface Desktop {
  kind: DesktopKind;
  /** null: not known yet, or there is no app. */
  state: DesktopState | null;
  problem: Error | null;
}

export const useDesktop = create<Desktop>(() => ({ kind: 'none', state: null, problem: null }));

/** What the app answers to a change is its new state. */
export function learnState(state: DesktopState): void {
  useDesktop.setState({ state, problem: null });
}

/** Asks, and shows the state that is answered. */
export async function change<K extends ChangesState>(name: K, ...argument: Argument<K>): Promise<void> {
  learnState(await ask(name, ...argument));
}

/** Calls that answer the state. */
type ChangesState = {
  [K in DesktopAsk]: Gives<K> extends DesktopState ? K : never;
}[DesktopAsk];

/**
 * Follows the app from now on, for as long as the page is open. Resolves when it is known whether the app is set up: until then there is no
 * coordinator to ask for anything. At once in a browser.
 */
export async function followDesktop(): Promise<{ isSetUp: boolean }> {
  const kind = desktopKind();
  useDesktop.setState({ kind });
  if (kind !== 'here') return { isSetUp: true };
  window.playfleet?.on('changed', learnState);
  try {
    learnState(await ask('state'));
  } catch (error) {
    useDesktop.setState({ problem: error instanceof Error ? error : new Error(String(error)) });
  }
  return { isSetUp: useDesktop.getState().state?.isSetUp ?? true };
}
