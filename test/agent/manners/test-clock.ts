import type { Clock } from '../../../shared/base/clock.ts';

/** Time that passes when a test says so. */
export class TestClock implements Clock {
  #now: number;
  #monotonic = 0;
  #timers = new Set<{ at: number; fn: () => void }>();

  /** `now`: of the wall clock, milliseconds since the epoch. */
  constructor(now: number) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  after(ms: number, fn: () => void): () => void {
    const timer = { at: this.#monotonic + ms, fn };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  /** How many timers wait. */
  get waiting(): number {
    return this.#timers.size;
  }

  /** Lets `ms` pass, timer by timer, and everything that follows from each happen. */
  async pass(ms: number): Promise<void> {
    await settled();
    const end = this.#monotonic + ms;
    for (;;) {
      const next = [...this.#timers].filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at)[0];
      this.#go((next?.at ?? end) - this.#monotonic);
      if (!next) return;
      this.#timers.delete(next);
      next.fn();
      await settled();
    }
  }

  /** The wall clock alone is set. */
  set(now: number): void {
    this.#now = now;
  }

  #go(ms: number): void {
    this.#now += ms;
    this.#monotonic += ms;
  }
}

/** All that promises have to say by now. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
