/**
 * Which worker is kept free for a task that asks for more CPUs or memory than any worker has left: smaller requests would otherwise take what
 * becomes free, one by one, for ever.
 */
import { slotsThatFit, NOTHING, type Ask, type Capacity } from './requests.ts';

/** A request waits for so long for room that comes by itself; keeping a machine free costs the others what it could do meanwhile. */
export const KEEP_AFTER_MS = 10_000;

export interface Keepable {
  id: string;
  capacity: Capacity;
  setAside: Ask;
}

/** The worker that lacks least, as a share of what is asked for; null where `ask` exceeds every one even when they do nothing else. */
export function workerToKeep(ask: Ask, workers: readonly Keepable[]): string | null {
  const able = workers.filter(({ capacity }) => slotsThatFit(capacity, NOTHING, ask) >= 1);
  const lacking = (has: number, used: number, asked: number) =>
    asked === 0 ? 0 : Math.max(0, asked - (has - used)) / asked;
  const lacks = ({ capacity, setAside }: Keepable) =>
    Math.max(
      lacking(capacity.cpus, setAside.cpus, ask.cpus),
      lacking(capacity.memory_bytes, setAside.memoryBytes, ask.memoryBytes),
    );
  const [first] = able.toSorted((a, b) => lacks(a) - lacks(b) || (a.id < b.id ? -1 : 1));
  return first?.id ?? null;
}
