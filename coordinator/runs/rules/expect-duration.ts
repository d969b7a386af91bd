/** How long tests will probably take, from what is known of them: their own history, else that of their file, else of the project. */

export interface KnownDurations {
  /** test id → mean milliseconds of past runs. */
  byTest: ReadonlyMap<string, number>;
}

/** Guess for a test about which nothing is known, in milliseconds. */
export const UNKNOWN_TEST_MS = 1_000;

/** Returns test id → expected milliseconds, for all given tests. */
export function expectDurations(
  tests: readonly { id: string; project: string; file: string }[],
  known: KnownDurations,
): Map<string, number> {
  const fileMeans = new Means();
  const all = new Means();
  for (const test of tests) {
    const ms = known.byTest.get(test.id);
    if (ms === undefined) continue;
    fileMeans.add(fileKey(test), ms);
    all.add('', ms);
  }
  const fallback = all.of('') ?? UNKNOWN_TEST_MS;
  return new Map(
    tests.map((test) => [test.id, known.byTest.get(test.id) ?? fileMeans.of(fileKey(test)) ?? fallback] as const),
  );
}

const fileKey = (test: { project: string; file: string }) => `${test.project}\0${test.file}`;

class Means {
  readonly #sums = new Map<string, { sum: number; n: number }>();
  add(key: string, value: number): void {
    const entry = this.#sums.get(key) ?? { sum: 0, n: 0 };
    entry.sum += value;
    entry.n++;
    this.#sums.set(key, entry);
  }
  of(key: string): number | undefined {
    const entry = this.#sums.get(key);
    return entry && entry.sum / entry.n;
  }
}
