/** CPU and memory requests: how many slots of a task fit on a worker beside what is set aside there already. */

/** Per slot; 0 = nothing is set aside. */
export interface Ask {
  cpus: number;
  memoryBytes: number;
}

export interface Capacity {
  cpus: number;
  memory_bytes: number;
}

export const NOTHING: Ask = { cpus: 0, memoryBytes: 0 };

export const asksNothing = (ask: Ask): boolean => ask.cpus === 0 && ask.memoryBytes === 0;

/** Tenths of CPUs do not add up exactly. */
const EPSILON = 1e-9;

/** Infinity for tasks that ask for nothing. */
export function slotsThatFit(capacity: Capacity, setAside: Ask, ask: Ask): number {
  const fit = (has: number, used: number, each: number) =>
    each === 0 ? Infinity : Math.max(0, Math.floor((has - used) / each + EPSILON));
  return Math.min(
    fit(capacity.cpus, setAside.cpus, ask.cpus),
    fit(capacity.memory_bytes, setAside.memoryBytes, ask.memoryBytes),
  );
}

/** In words that complete "X has …" or "asks for …". */
export function askInWords({ cpus, memoryBytes }: Ask): string {
  const parts = [
    ...(cpus > 0 ? [`${cpus} ${cpus === 1 ? 'CPU' : 'CPUs'}`] : []),
    ...(memoryBytes > 0 ? [`${Math.round((memoryBytes / 2 ** 30) * 100) / 100} GiB of memory`] : []),
  ];
  return parts.join(' and ');
}
