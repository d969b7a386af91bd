/** Time that a test moves: what is due by then happens, in order. */
import type { Clock } from '../../shared/base/clock.ts';

export class HandClock implements Clock {
  #now: number;
  readonly #due = new Set<{ at: number; act: () => void }>();

  constructor(start = Date.UTC(2026, 10, 20, 9)) {
    this.#now = start;
  }
  now(): number {
    return this.#now;
  }
  monotonic(): number {
    return this.#now;
  }
  after(ms: number, act: () => void): () => void {
    const due = { at: this.#now + ms, act };
    this.#due.add(due);
    return () => void this.#due.delete(due);
  }
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const [next] = [...this.#due].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#due.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.act();
    }
    this.#now = end;
  }
}
