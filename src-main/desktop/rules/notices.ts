/** What is worth a notification: few things, never the same twice within hours, and nothing while the hours are over. */
import type { DesktopState } from '../../../shared/protocol/desktop/state.ts';
import { centralName } from './offline.ts';
import { wordsOf } from './words.ts';

export interface Notice {
  /** Of the thing that it tells of: what is still so is not told again. */
  key: string;
  title: string;
  body: string;
  /** Where a click leads. */
  page: string | null;
}

interface Worthy extends Notice {
  isImportant: boolean;
  /** It must have been so for so long: what passes by itself is nobody's business. */
  afterMs: number;
}

/** What is so now, and what was told of it. */
export type Told = Readonly<Record<string, { since: number; toldAt: number | null }>>;

/** A thing that comes and goes is told at most this often. */
const QUIET_MS = 4 * 3_600_000;
const OFFLINE_MS = 10 * 60_000;
/** An app that begins anew does not tell what is long known. */
const NEWS_MS = 10 * 60_000;

/** To be called at each change, and now and then. */
export function notices(state: DesktopState, before: Told, now: number): { show: Notice[]; told: Told } {
  const worthy = worthTelling(state, now);
  const wanted = state.preferences.notifications;
  const isOver = state.agent.status?.why.some(({ reason }) => reason === 'outsideHours') ?? false;
  const show: Notice[] = [];
  const told: Record<string, { since: number; toldAt: number | null }> = {};
  for (const { isImportant, afterMs, ...notice } of worthy) {
    const known = before[notice.key];
    const since = known?.since ?? now;
    const isSilent = isOver || wanted === 'none' || (wanted === 'important' && !isImportant);
    const isDue = now - since >= afterMs && (known?.toldAt ?? null) === null;
    if (isDue && !isSilent) show.push(notice);
    told[notice.key] = { since, toldAt: isDue && !isSilent ? now : (known?.toldAt ?? null) };
  }
  // What is over, but was told of lately, is remembered.
  for (const [key, { since, toldAt }] of Object.entries(before)) {
    if (told[key] === undefined && toldAt !== null && now - toldAt < QUIET_MS) told[key] = { since, toldAt };
  }
  return { show, told };
}

function worthTelling(state: DesktopState, now: number): Worthy[] {
  const { agent, ownCoordinator, update, secrets, isSetUp, language } = state;
  const words = wordsOf(language);
  const here = { title: 'Playfleet', page: '/this-computer', isImportant: true, afterMs: 0 };
  const found: Worthy[] = [];
  if (!isSetUp) return found;
  // What it says of itself before it ends, and why it is not started again, is one thing.
  if (agent.state === 'given_up')
    found.push({
      ...here,
      key: `agent ${agent.problem}`,
      title: words.agentGaveUp,
      body: agent.problem ?? words.attention,
    });
  if (ownCoordinator.state === 'given_up')
    found.push({
      ...here,
      key: 'coordinator',
      title: words.coordinatorGaveUp,
      body: ownCoordinator.problem ?? words.attention,
    });
  if (agent.status?.state === 'attention' && agent.status.problem) {
    const { message, mend } = agent.status.problem;
    found.push({ ...here, key: `agent ${message}`, title: words.attention, body: mend ?? message });
  }
  if (secrets.kept === 'refused') found.push({ ...here, key: 'secrets', body: words.secretsRefused });
  if (agent.status?.state === 'offline')
    found.push({ ...here, key: 'offline', title: words.offline, body: words.offlineLong, afterMs: OFFLINE_MS });
  found.push(...ofOffline(state, now).map((notice) => ({ ...here, page: '/this-computer?tab=offline', ...notice })));
  if (update.state === 'refused')
    found.push({
      ...here,
      key: `refused ${update.version}`,
      title: words.updateRefused,
      body: update.problem ?? words.attention,
    });
  if (update.state === 'waiting' && update.version !== null)
    found.push({
      ...here,
      key: `update ${update.version}`,
      body: words.updateReady(update.version),
      isImportant: false,
    });
  return found;
}

function ofOffline(state: DesktopState, now: number): Pick<Worthy, 'key' | 'title' | 'body'>[] {
  const words = wordsOf(state.language);
  const { promotion, standIns, home } = state.offline;
  const found: Pick<Worthy, 'key' | 'title' | 'body'>[] = [];
  if (promotion?.part.state === 'given_up')
    found.push({ key: 'promotion', title: words.promotionGaveUp, body: promotion.part.problem ?? words.attention });
  for (const { name, address } of standIns) {
    const title = words.standInFound(name, centralName(state) ?? '');
    found.push({ key: `stand-in ${address}`, title, body: words.standInFoundText });
  }
  if (home?.deleted && now - home.at < NEWS_MS)
    found.push({
      key: `home ${home.at}`,
      title: words.isHome(home.name),
      body: words.isHomeText(home.counts['run'] ?? 0, home.conflicts),
    });
  return found;
}
