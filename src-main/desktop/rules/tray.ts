/** What the tray shows: one picture, one line, and a menu; all of it from the state alone. */
import type { DesktopState } from '../../../shared/protocol/desktop/state.ts';
import { offlineChoices, offlineLine, promotionProblem } from './tray-offline.ts';
import { momentText, whyText, wordsOf } from './words.ts';

export type TrayIcon = 'idle' | 'busy' | 'paused' | 'offline' | 'attention';

/** What a choice in the menu asks for. */
export type TrayAction =
  | { do: 'open'; page: string | null }
  | { do: 'pause'; for: 'hour' | 'until_tomorrow' | 'until_resumed' }
  | { do: 'resume' }
  | { do: 'restartPart'; part: 'agent' | 'coordinator' | 'promotion' }
  | { do: 'installUpdate' }
  | { do: 'startAtLogin'; on: boolean }
  | { do: 'promote' }
  | { do: 'demote' }
  | { do: 'switchTo'; name: string; address: string }
  | { do: 'switchHome' }
  | { do: 'quit'; how: 'drain' | 'now' };

export type TrayItem =
  | { kind: 'line' }
  /** Says something; cannot be chosen. */
  | { kind: 'text'; label: string }
  | { kind: 'choice'; label: string; action: TrayAction; checked?: boolean };

export interface TrayView {
  icon: TrayIcon;
  /** Beside the picture, where the system shows one: `2/4`. Empty unless it is busy. */
  title: string;
  tooltip: string;
  menu: TrayItem[];
}

/** Beyond these the menu says how many more there are. */
const MOST_TESTS = 4;
const LONGEST_TEST = 60;

export interface TrayAround {
  now: number;
  /** Of this computer. */
  timeZone: string;
}

export function trayView(state: DesktopState, { now, timeZone }: TrayAround): TrayView {
  const words = wordsOf(state.language);
  const icon = iconOf(state);
  const { status } = state.agent;
  const line = headline(state);
  const why = whyText(status?.why ?? [], state.language, now, timeZone);
  const isPaused = status?.state === 'paused';
  const reason = why === null ? null : isPaused ? why : words.holdsBack(why);
  const problem = problemOf(state, now, timeZone);
  const about: TrayItem[] = [line, offlineLine(state), reason, problem]
    .filter((text) => text !== null)
    .map((label) => ({ kind: 'text', label }));
  return {
    icon,
    title: icon === 'busy' && status ? words.tasksOf(status.slots.busy, status.slots.lent) : '',
    tooltip: ['Playfleet', line, reason].filter((text) => text !== null).join(' · '),
    menu: [...about, ...tests(state), { kind: 'line' }, ...choices(state), { kind: 'line' }, ...ending(state)],
  };
}

function iconOf({ agent, ownCoordinator, offline, secrets, isSetUp }: DesktopState): TrayIcon {
  const gaveUp = [agent, ownCoordinator, offline.promotion?.part].some((part) => part?.state === 'given_up');
  if (!isSetUp || gaveUp || secrets.kept === 'refused' || agent.status?.state === 'attention') return 'attention';
  switch (agent.status?.state) {
    case undefined:
    case 'offline':
      return 'offline';
    case 'paused':
      return 'paused';
    case 'busy':
    case 'draining':
      return 'busy';
    case 'starting':
    case 'idle':
      return 'idle';
  }
}

function headline(state: DesktopState): string {
  const words = wordsOf(state.language);
  const { status } = state.agent;
  if (state.quitting) return words.draining(state.quitting.tasks);
  if (!state.isSetUp) return words.notSetUp;
  if (iconOf(state) === 'attention') return words.attention;
  switch (status?.state) {
    case undefined:
    case 'starting':
      return words.starting;
    case 'offline':
      return words.offline;
    case 'paused':
      return words.paused;
    case 'busy':
      return words.busy(status.slots.busy, status.slots.lent);
    case 'draining':
      return words.draining(status.slots.busy);
    case 'idle':
    case 'attention':
      return words.idle;
  }
}

function problemOf(state: DesktopState, now: number, timeZone: string): string | null {
  const { agent, ownCoordinator, secrets, language } = state;
  const words = wordsOf(language);
  if (ownCoordinator.state === 'given_up') return ownCoordinator.problem ?? words.coordinatorGaveUp;
  if (agent.state === 'given_up') return agent.problem ?? words.agentGaveUp;
  if (agent.state === 'waiting' && agent.nextAt !== null)
    return [agent.problem, words.until(momentText(agent.nextAt, language, now, timeZone))].filter(Boolean).join(' ');
  const promotion = promotionProblem(state);
  if (promotion !== null) return promotion;
  if (secrets.kept === 'refused') return words.secretsRefused;
  const problem = agent.status?.problem;
  return problem ? [problem.message, problem.mend].filter(Boolean).join(' ') : null;
}

function tests({ agent, language }: DesktopState): TrayItem[] {
  const running = agent.status?.tests ?? [];
  if (running.length === 0) return [];
  const words = wordsOf(language);
  const shown = running
    .slice(0, MOST_TESTS)
    .map(({ title }): TrayItem => ({ kind: 'text', label: `  ${oneLine(title)}` }));
  const more = running.length - shown.length;
  const rest: TrayItem[] = more > 0 ? [{ kind: 'text', label: `  ${words.moreTests(more)}` }] : [];
  return [{ kind: 'line' }, { kind: 'text', label: words.testsHeading }, ...shown, ...rest];
}

function choices(state: DesktopState): TrayItem[] {
  const words = wordsOf(state.language);
  if (!state.isSetUp) return [{ kind: 'choice', label: words.setUp, action: { do: 'open', page: '/setup' } }];
  const items: TrayItem[] = [{ kind: 'choice', label: words.open, action: { do: 'open', page: null } }];
  items.push({ kind: 'choice', label: words.thisComputer, action: { do: 'open', page: '/this-computer' } });
  for (const [part, { state: is }] of [
    ['agent', state.agent],
    ['coordinator', state.ownCoordinator],
    ['promotion', state.offline.promotion?.part ?? { state: 'off' }],
  ] as const) {
    if (is === 'given_up') items.push({ kind: 'choice', label: words.restart, action: { do: 'restartPart', part } });
  }
  if (!state.quitting) items.push(...offlineChoices(state));
  if (state.agent.status && !state.quitting) items.push({ kind: 'line' }, ...pausing(state));
  return items;
}

function pausing({ agent, language }: DesktopState): TrayItem[] {
  const words = wordsOf(language);
  const isOwn = agent.status?.why.some(({ reason }) => reason === 'owner') ?? false;
  if (isOwn) return [{ kind: 'choice', label: words.resume, action: { do: 'resume' } }];
  return [
    { kind: 'choice', label: words.pauseHour, action: { do: 'pause', for: 'hour' } },
    { kind: 'choice', label: words.pauseTomorrow, action: { do: 'pause', for: 'until_tomorrow' } },
    { kind: 'choice', label: words.pauseOpen, action: { do: 'pause', for: 'until_resumed' } },
  ];
}

function ending({ update, preferences, language, quitting }: DesktopState): TrayItem[] {
  const words = wordsOf(language);
  const items: TrayItem[] = [];
  if (update.version !== null && (update.state === 'available' || update.state === 'waiting'))
    items.push({ kind: 'choice', label: words.installUpdate(update.version), action: { do: 'installUpdate' } });
  const { startAtLogin } = preferences;
  items.push({
    kind: 'choice',
    label: words.startAtLogin,
    checked: startAtLogin,
    action: { do: 'startAtLogin', on: !startAtLogin },
  });
  if (!quitting) items.push({ kind: 'choice', label: words.quit, action: { do: 'quit', how: 'drain' } });
  items.push({ kind: 'choice', label: words.quitNow, action: { do: 'quit', how: 'now' } });
  return items;
}

/** Titles are foreign text: a menu shows one short line, and a & there would be read as a key. */
function oneLine(title: string): string {
  const flat = title.replaceAll(/\s+/g, ' ').replaceAll('&', '&&').trim();
  return flat.length > LONGEST_TEST ? `${flat.slice(0, LONGEST_TEST - 1)}…` : flat;
}
