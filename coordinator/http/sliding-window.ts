/** Counts what each of many clients does within the last minute, with two numbers a client. */

export const WINDOW_MS = 60_000;
/** Clients remembered; each costs about 200 bytes. */
const MAX_CLIENTS = 20_000;

interface Count {
  /** When the current window began. */
  start: number;
  current: number;
  /** In the window before. */
  previous: number;
}

/**
 * The minute slides: what was done in the window before counts less the further the current one has come, as if it had been spread evenly.
 * So no burst gets a second limit through at the seam of two minutes; by asking unevenly for minutes on end one comes to twice the limit
 * at most. Times are monotonic milliseconds.
 */
export class SlidingWindow {
  /** The client whose window began longest ago is first. */
  readonly #counts = new Map<string, Count>();

  get clients(): number {
    return this.#counts.size;
  }

  /** Counts one more of `client`, unless that would be more than `limit` a minute: then milliseconds until it may be tried again; else 0. */
  take(client: string, limit: number, now: number): number {
    const count = this.#countOf(client, now);
    const wait = waitFor(count, limit, now);
    if (wait === 0) count.current += 1;
    return wait;
  }

  /** As `take`, without counting. */
  peek(client: string, limit: number, now: number): number {
    const count = this.#counts.get(client);
    return count ? waitFor(slide({ ...count }, now), limit, now) : 0;
  }

  /** Counts one more of `client` without asking whether it may. */
  add(client: string, now: number): void {
    this.#countOf(client, now).current += 1;
  }

  #countOf(client: string, now: number): Count {
    const known = this.#counts.get(client);
    if (known && now - known.start < WINDOW_MS) return known;
    this.#counts.delete(client);
    if (this.#counts.size >= MAX_CLIENTS) this.#makeRoom(now);
    const count = known ? slide(known, now) : { start: now, current: 0, previous: 0 };
    this.#counts.set(client, count);
    return count;
  }

  #makeRoom(now: number): void {
    for (const [client, { start }] of this.#counts) {
      if (now - start < 2 * WINDOW_MS && this.#counts.size < MAX_CLIENTS) return;
      this.#counts.delete(client);
    }
  }
}

/** Moves the windows on to `now`. */
function slide(count: Count, now: number): Count {
  const windows = Math.floor((now - count.start) / WINDOW_MS);
  if (windows === 0) return count;
  count.previous = windows === 1 ? count.current : 0;
  count.current = 0;
  count.start += windows * WINDOW_MS;
  return count;
}

function waitFor({ start, current, previous }: Count, limit: number, now: number): number {
  const elapsed = now - start;
  const room = limit - 1 - current;
  if (previous * (1 - elapsed / WINDOW_MS) <= room) return 0;
  // Either the window before must lose weight, or this one must become the one before and lose weight then.
  const at = room >= 0 ? WINDOW_MS * (1 - room / previous) : WINDOW_MS * (2 - Math.max(limit - 1, 0) / current);
  return Math.max(1, Math.ceil(at - elapsed));
}
