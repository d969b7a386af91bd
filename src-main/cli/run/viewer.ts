/** The three ways to show a run: live in a terminal, line by line, or as JSON. */
import type { Clock } from '../../../shared/base/clock.ts';
import type { Followed } from './follow.ts';
import type { Summary } from './summary.ts';

export interface RunFacts {
  id: string;
  number: number;
  name: string;
  project: string;
  /** Absolute address of the run in the API. */
  api: string;
}

export interface Viewer {
  /** What is being done before the run exists; the newest replaces the one before where that is possible. */
  step(text: string): void;
  /** Something worth knowing that stays. */
  note(text: string): void;
  uploaded(what: { files: number; bytes: number; sentFiles: number; sentBytes: number }): void;
  created(run: RunFacts): void;
  update(followed: Followed): void;
  cancelling(): void;
  end(summary: Summary, exitCode: number): void;
  /** Gives the terminal back; nothing is shown any more. */
  close(): void;
}

/** Runs `fn` at once, but never more often than every `ms`; the last call is never lost. */
export function throttled(clock: Clock, ms: number, fn: () => void): { call: () => void; stop: () => void } {
  let waiting: (() => void) | null = null;
  let again = false;
  const call = (): void => {
    if (waiting !== null) {
      again = true;
      return;
    }
    again = false;
    fn();
    waiting = clock.after(ms, () => {
      waiting = null;
      if (again) call();
    });
  };
  return {
    call,
    stop: () => {
      waiting?.();
      waiting = null;
      again = false;
    },
  };
}

/** The coordinator's time, from when its events arrive: the least difference seen is the one with the least delay. */
export class CoordinatorTime {
  readonly #clock: Clock;
  #behind: number | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  heard(at: number | null): void {
    if (at === null) return;
    const behind = this.#clock.now() - at;
    this.#behind = this.#behind === null ? behind : Math.min(this.#behind, behind);
  }

  now(): number {
    return this.#clock.now() - (this.#behind ?? 0);
  }
}

/** Tests and errors of a view that were not shown yet. */
export class Unshown {
  #failures = 0;
  #flaky = 0;
  #errors = 0;
  #epoch: string | null = null;

  take({ view }: Followed): Pick<Followed['view'], 'unexpected' | 'flaky' | 'errors'> {
    if (view.epoch !== this.#epoch) this.#failures = this.#flaky = this.#errors = 0;
    this.#epoch = view.epoch;
    // A replaced outcome takes a flaky test out of its list.
    const from = { failures: this.#failures, flaky: Math.min(this.#flaky, view.flaky.length), errors: this.#errors };
    this.#failures = view.unexpected.length;
    this.#flaky = view.flaky.length;
    this.#errors = view.errors.length;
    return {
      unexpected: view.unexpected.slice(from.failures),
      flaky: view.flaky.slice(from.flaky),
      errors: view.errors.slice(from.errors),
    };
  }
}
