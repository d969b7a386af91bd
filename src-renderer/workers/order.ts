/** In which order the list shows workers. */
import type { Worker } from '../../shared/protocol/rest/workers.ts';
import { slotsOf, standingOf, type Standing } from '../parts/worker-standing.ts';
import type { Sorting } from '../ui/table.tsx';

/** What needs somebody first. */
const STANDINGS: readonly Standing[] = [
  'approvalWaits',
  'breakerOpen',
  'offline',
  'breakerHalfOpen',
  'busy',
  'idle',
  'draining',
  'paused',
  'maintenance',
];

const KEYS: Record<string, (worker: Worker) => number | string> = {
  name: ({ hostname }) => hostname.toLowerCase(),
  state: (worker) => STANDINGS.indexOf(standingOf(worker)),
  slots: (worker) => slotsOf(worker).free,
  cpu: ({ metrics }) => metrics?.cpu_percent ?? -1,
  speed: ({ speed }) => speed,
  version: ({ agent_version }) => agent_version ?? '',
  seen: ({ last_seen_at }) => last_seen_at,
};

/** By host name where two are alike. */
export function ordered(workers: readonly Worker[], { column, descending }: Sorting): Worker[] {
  const key = KEYS[column] ?? KEYS.name!;
  const collator = new Intl.Collator('en', { numeric: true });
  const compare = (a: number | string, b: number | string): number =>
    typeof a === 'number' && typeof b === 'number' ? a - b : collator.compare(String(a), String(b));
  return [...workers].sort(
    (a, b) => compare(key(a), key(b)) * (descending ? -1 : 1) || collator.compare(a.hostname, b.hostname),
  );
}

/** `state`, or `-state` for the largest first, as the address has it. */
export function sortingOf(text: string): Sorting {
  const descending = text.startsWith('-');
  return { column: descending ? text.slice(1) : text, descending };
}
export const sortingText = ({ column, descending }: Sorting): string => `${descending ? '-' : ''}${column}`;
