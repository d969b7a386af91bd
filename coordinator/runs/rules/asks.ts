/** What the tasks of a run ask for: CPUs and memory of each slot. */
import type { Request, Requests } from '../../../shared/protocol/work.ts';

/** 0 = nothing is set aside. */
export interface Asked {
  cpus: number;
  memoryBytes: number;
}

export const askOf = ({ cpus = 0, memory_bytes: memoryBytes = 0 }: Request): Asked => ({ cpus, memoryBytes });

/** For tests with these tags: what the run asks for, or what it asks for by tag; of several, the most of each. */
export function askFor(requests: Requests, tags: ReadonlySet<string>): Asked {
  const base = askOf(requests);
  const byTag = Object.entries(requests.by_tag ?? {}).filter(([tag]) => tags.has(tag));
  const most = (of: keyof Request, otherwise: number): number => {
    const asked = byTag.flatMap(([, request]) => request[of] ?? []);
    return asked.length === 0 ? otherwise : Math.max(...asked);
  };
  return { cpus: most('cpus', base.cpus), memoryBytes: most('memory_bytes', base.memoryBytes) };
}
