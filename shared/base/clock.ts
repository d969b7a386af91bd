/** A source of time. Rules take `now` as an argument; loops take a Clock, so that tests can drive time without sleeping. */
export interface Clock {
  /** Wall-clock time in integer milliseconds since the epoch. */
  now(): number;
  /** Monotonic milliseconds, for durations; unrelated to `now()` and unaffected by clock changes. */
  monotonic(): number;
  /** Calls `fn` once after `ms`; the returned function cancels it. Never keeps the process alive on its own. */
  after(ms: number, fn: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, fn) {
    const timer = setTimeout(fn, ms) as number | { unref(): void };
    // Browsers give a number.
    if (typeof timer === 'object') timer.unref();
    return () => clearTimeout(timer as number);
  },
};
