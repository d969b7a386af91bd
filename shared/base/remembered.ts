/** Answers that cost something, kept for a moment and worked out once for all who ask at the same time. */
import type { Clock } from './clock.ts';

export interface RememberedOptions {
  clock: Pick<Clock, 'monotonic'>;
  /** How old an answer may be, milliseconds. */
  forMs: number;
  most: number;
}

export class Remembered<T> {
  readonly #options: RememberedOptions;
  readonly #known = new Map<string, { at: number; value: Promise<T> }>();

  constructor(options: RememberedOptions) {
    this.#options = options;
  }

  /** `key` says all that the answer depends on, whose eyes included. A failure is told to who waits for it, and not kept. */
  get(key: string, make: () => Promise<T>): Promise<T> {
    const { clock, forMs, most } = this.#options;
    const now = clock.monotonic();
    const before = this.#known.get(key);
    if (before && now - before.at < forMs) return before.value;
    const value = make();
    this.#known.delete(key);
    this.#known.set(key, { at: now, value });
    const [oldest] = this.#known.keys();
    if (this.#known.size > most && oldest !== undefined) this.#known.delete(oldest);
    value.catch(() => {
      if (this.#known.get(key)?.value === value) this.#known.delete(key);
    });
    return value;
  }
}
