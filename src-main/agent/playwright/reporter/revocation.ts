import type { TestCase } from '@playwright/test/reporter';

/** What the rule needs of a Playwright TestCase. */
export type RevocableTest = Pick<TestCase, 'id' | 'expectedStatus'>;

/**
 * Takes units back from a process that has not begun them. Playwright passes over a group of tests that are all expected to be skipped,
 * without starting a worker for it (seen in 1.40–1.65; not documented). If it ever began one all the same, the test would run twice and
 * be counted once.
 */
export class Revocation {
  /** In the order in which Playwright begins them. */
  readonly #units: readonly RevocableTest[][];
  readonly #begun = new Set<string>();
  readonly #running = new Set<string>();
  readonly #workers: number;
  readonly #revoked = new Set<string>();

  /** `workers`: how many tests Playwright runs at once. */
  constructor(units: readonly RevocableTest[][], workers: number) {
    this.#units = units;
    this.#workers = workers;
  }

  begun(testId: string): void {
    this.#begun.add(testId);
    this.#running.add(testId);
  }

  ended(testId: string): void {
    this.#running.delete(testId);
  }

  has(testId: string): boolean {
    return this.#revoked.has(testId);
  }

  /** Returns the ids that will not begin: of whole units, none begun, and none that a worker without a test may be about to begin. */
  revoke(testIds: readonly string[]): string[] {
    const wanted = new Set(testIds);
    const waiting = this.#units.filter((unit) => !unit.some(({ id }) => this.#begun.has(id) || this.#revoked.has(id)));
    const onTheirWay = Math.max(0, this.#workers - this.#running.size);
    const taken = waiting.slice(onTheirWay).filter((unit) => unit.every(({ id }) => wanted.has(id)));
    for (const test of taken.flat()) {
      test.expectedStatus = 'skipped';
      this.#revoked.add(test.id);
    }
    return taken.flat().map(({ id }) => id);
  }
}
