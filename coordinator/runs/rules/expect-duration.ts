/**
 * How long tests will probably take. What is known best comes first: the test's own history, the same test in another project, other tests of
 * its file, of the whole suite, a default. What stands for another test is weighted by what the code shows: its length and its time-out.
 */
import type { PlannedTest } from '../../../shared/protocol/playwright.ts';

export interface KnownDurations {
  /** test id → mean milliseconds of past runs. */
  byTest: ReadonlyMap<string, number>;
}

export type ForeseenTest = Pick<PlannedTest, 'id' | 'project' | 'file' | 'line' | 'titlePath' | 'timeout'>;

/** Guess for a test about which nothing is known, in milliseconds. */
export const UNKNOWN_TEST_MS = 1_000;
/** The length of a test says little: at most so much more or less than the usual one. */
const LARGEST_WEIGHT = 3;

/** Returns test id → expected milliseconds, for all given tests. */
export function expectDurations(tests: readonly ForeseenTest[], known: KnownDurations): Map<string, number> {
  const weights = weigh(tests);
  const weightOf = (test: ForeseenTest): number => weights.get(test.id) ?? 1;
  const twins = new Means();
  const files = new Means();
  const all = new Means();
  for (const test of tests) {
    const ms = known.byTest.get(test.id);
    if (ms === undefined) continue;
    twins.add(twinKey(test), ms);
    files.add(fileKey(test), ms / weightOf(test));
    all.add('', ms / weightOf(test));
  }
  const usual = all.of('') ?? UNKNOWN_TEST_MS;
  const guess = (test: ForeseenTest): number =>
    twins.of(twinKey(test)) ?? (files.of(fileKey(test)) ?? usual) * weightOf(test);
  return new Map(tests.map((test) => [test.id, known.byTest.get(test.id) ?? guess(test)] as const));
}

/** test id → how much longer than the usual test of the suite its code looks; 1 = as the usual one. */
function weigh(tests: readonly ForeseenTest[]): Map<string, number> {
  const lengths = lengthsOf(tests);
  const usualLength = median([...lengths.values()]);
  const usualTimeout = median(tests.map((test) => test.timeout).filter((ms) => ms > 0));
  return new Map(
    tests.map((test) => {
      const length = lengths.get(test.id);
      // The square root: twice the lines is more, not twice as much.
      const byLength = length === undefined || usualLength === 0 ? 1 : Math.sqrt(length / usualLength);
      const byTimeout = test.timeout > usualTimeout && usualTimeout > 0 ? Math.sqrt(test.timeout / usualTimeout) : 1;
      return [test.id, Math.min(LARGEST_WEIGHT, Math.max(1 / LARGEST_WEIGHT, byLength * byTimeout))] as const;
    }),
  );
}

/** Lines from a test's beginning to that of the next one in its file; of the last one in a file nothing is known. */
function lengthsOf(tests: readonly ForeseenTest[]): Map<string, number> {
  const linesOf = Map.groupBy(tests, fileKey);
  const lengths = new Map<string, number>();
  for (const inFile of linesOf.values()) {
    const lines = [...new Set(inFile.map((test) => test.line))].sort((a, b) => a - b);
    const next = new Map(lines.map((line, i) => [line, lines[i + 1]]));
    for (const test of inFile) {
      const end = next.get(test.line);
      if (end !== undefined) lengths.set(test.id, end - test.line);
    }
  }
  return lengths;
}

const fileKey = (test: ForeseenTest): string => `${test.project}\0${test.file}`;
const twinKey = (test: ForeseenTest): string => `${test.file}\0${test.titlePath.join('\0')}`;

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

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
