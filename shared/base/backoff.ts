/** Waiting longer after each failure, and never in step with others: the first wait is up to `baseMs`, doubling up to `maxMs`. */
export interface Backoff {
  baseMs: number;
  maxMs: number;
}

/** Milliseconds to wait before try number `attempt` + 1, where `attempt` counts failures from 1; `random` gives 0 ≤ x < 1. */
export function backoffMs(backoff: Backoff, attempt: number, random: () => number): number {
  const ceiling = Math.min(backoff.maxMs, backoff.baseMs * 2 ** (attempt - 1));
  return Math.round(ceiling / 2 + (ceiling / 2) * random());
}
