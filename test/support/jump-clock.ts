/** A clock that goes on by itself for short waits, and jumps over the long ones when the test says so. */
import type { Clock } from '../../shared/base/clock.ts';

/** Longer waits wait for a jump. */
const SHORT_MS = 5000;

export class JumpClock implements Clock {
  #offset: number;
  readonly #waiting = new Set<{ at: number; fn: () => void }>();

  /** `now`: what it shows at first; left out: the time. */
  constructor(now = Date.now()) {
    this.#offset = now - Date.now();
  }

  now(): number {
    return Math.round(Date.now() + this.#offset);
  }

  monotonic(): number {
    return performance.now() + this.#offset;
  }

  after(ms: number, fn: () => void): () => void {
    if (ms <= SHORT_MS) {
      const timer = setTimeout(fn, ms);
      return () => clearTimeout(timer);
    }
    const entry = { at: this.now() + ms, fn };
    this.#waiting.add(entry);
    return () => void this.#waiting.delete(entry);
  }

  /** Calls what is due by then, in order. */
  jump(ms: number): void {
    const to = this.now() + ms;
    for (;;) {
      const [next] = [...this.#waiting].filter(({ at }) => at <= to).sort((a, b) => a.at - b.at);
      if (!next) break;
      this.#offset += Math.max(0, next.at - this.now());
      this.#waiting.delete(next);
      next.fn();
    }
    this.#offset += to - this.now();
  }
}
