/**
 * The filter language of the list of workers: `is:busy tag:gpu os:linux browser:webkit team:North version:1.2 text "more text"`. All terms must
 * hold; `!` or `-` before one turns it round; several of one key are joined by a comma (`os:linux,macos`), one of which is enough.
 */
import type { Worker } from '../../shared/protocol/rest/workers.ts';
import { slotsOf } from '../parts/worker-standing.ts';

export const KEYS = ['is', 'tag', 'os', 'browser', 'team', 'version', 'project'] as const;
type Key = (typeof KEYS)[number];

export const STATES = [
  'busy',
  'idle',
  'full',
  'online',
  'offline',
  'active',
  'paused',
  'draining',
  'maintenance',
  'waiting',
  'broken',
] as const;
export type State = (typeof STATES)[number];

export interface Term {
  /** null: text that is looked for in names, notes, tags and addresses. */
  key: Key | null;
  values: readonly string[];
  negated: boolean;
}

export interface Filter {
  terms: readonly Term[];
  /** What was typed and means nothing: a key or a state that there is not. */
  unknown: readonly string[];
}

const TERM = /([!-]?)(?:([a-z]+):)?("[^"]*"?|[^\s"]+)/gi;

export function parseFilter(text: string): Filter {
  const terms: Term[] = [];
  const unknown: string[] = [];
  for (const [whole, sign = '', name, rest = ''] of text.matchAll(TERM)) {
    const key = KEYS.find((one) => one === name?.toLowerCase()) ?? null;
    if (name !== undefined && key === null) {
      unknown.push(whole);
      continue;
    }
    const quoted = rest.startsWith('"');
    const plain = rest.replaceAll('"', '').toLowerCase();
    const values = key !== null && !quoted ? plain.split(',').filter(Boolean) : [plain];
    if (values.length === 0 || values[0] === '') continue;
    if (key === 'is' && values.some((value) => !STATES.some((state) => state === value))) unknown.push(whole);
    else terms.push({ key, values, negated: sign !== '' });
  }
  return { terms, unknown };
}

export interface Names {
  /** Of a team, by its id. */
  teamName: (id: string) => string;
}

export function matches(worker: Worker, { terms }: Filter, names: Names): boolean {
  return terms.every(
    ({ key, values, negated }) => values.some((value) => holds(worker, key, value, names)) !== negated,
  );
}

function holds(worker: Worker, key: Key | null, value: string, { teamName }: Names): boolean {
  const has = (text: string) => text.toLowerCase().includes(value);
  switch (key) {
    case 'is':
      return is(worker, value as State);
    case 'tag':
      return worker.tags.some((tag) =>
        value.endsWith('*') ? tag.toLowerCase().startsWith(value.slice(0, -1)) : tag.toLowerCase() === value,
      );
    case 'os':
      return (OS[value] ?? value) === worker.capabilities.platform;
    case 'browser':
      return Object.keys(worker.capabilities.browsers).some((browser) => browser.startsWith(value));
    case 'team':
      return worker.team_id === null ? value === 'all' : has(worker.team_id) || has(teamName(worker.team_id));
    case 'version':
      return (worker.agent_version ?? '').toLowerCase().startsWith(value);
    case 'project':
      return worker.allow_projects === null || worker.allow_projects.some((project) => project.toLowerCase() === value);
    case null:
      return has(worker.hostname) || has(worker.notes) || has(worker.ip_address) || worker.tags.some(has);
  }
}

const OS: Record<string, string> = { macos: 'darwin', mac: 'darwin', windows: 'win32', win: 'win32' };

function is(worker: Worker, state: State): boolean {
  switch (state) {
    case 'online':
      return worker.status === 'idle' || worker.status === 'busy';
    case 'busy':
    case 'idle':
    case 'offline':
      return worker.status === state;
    case 'full':
      return worker.status === 'busy' && slotsOf(worker).free === 0;
    case 'waiting':
      return !worker.approved;
    case 'broken':
      return worker.breaker.state !== 'closed';
    default:
      return worker.intent === state;
  }
}
