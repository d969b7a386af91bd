/** How the tests of a project stand over days: the flakiest, the slowest. */
import type { Clock } from '../../shared/base/clock.ts';
import { isoTime } from '../../shared/protocol/rest/common.ts';
import type { TestFigures, TestSort, TestStanding } from '../../shared/protocol/rest/tests.ts';
import type { Database, ReadHandle } from '../storage/database.ts';
import { inParts, oneByOne } from '../storage/in-parts.ts';
import { Remembered } from '../../shared/base/remembered.ts';
import { addSums, figuresOf, NO_SUMS, percentilesOf, sortTests, type TestSums } from './rules/test-figures.ts';
import { daysOf, type Range } from './rules/range.ts';
import { readIdentity, readResults } from './test-history.ts';

/** A list that is some seconds old is good enough; its pages then belong together. */
const KEPT_MS = 15_000;
const MOST_KEPT = 20;
/** Percentiles of one test are over so many of its newest results. */
const MOST_RESULTS = 50;

type Counted = TestFigures & { test_id: string };
type DayRow = TestSums & { day: number; test_id: string };

export class TestStandings {
  readonly #db: Database;
  readonly #counted: Remembered<Counted[]>;

  constructor({ db, clock }: { db: Database; clock: Clock }) {
    this.#db = db;
    this.#counted = new Remembered({ clock, forMs: KEPT_MS, most: MOST_KEPT });
  }

  /** `offset`: how many come before the page. Returns one more than `limit` where there are more. */
  async list(
    projectId: string,
    range: Range,
    { sort, minRuns, limit, offset }: { sort: TestSort; minRuns: number; limit: number; offset: number },
  ): Promise<{ total: number; tests: TestStanding[] }> {
    const { first, last } = daysOf(range);
    const all = await this.#counted.get(`${projectId} ${first} ${last}`, () => this.#count(projectId, first, last));
    const sorted = sortTests(all, sort, minRuns);
    const page = sorted.slice(offset, offset + limit);
    const tests = await oneByOne(page, (test) => this.#db.read((r) => describe(r, projectId, test)));
    return { total: sorted.length, tests: tests.filter((test) => test !== null) };
  }

  async #count(projectId: string, first: number, last: number): Promise<Counted[]> {
    const sums = new Map<string, TestSums>();
    await inParts<DayRow>(
      this.#db,
      (r, after, limit) =>
        r.all(
          `SELECT day, test_id, expected, unexpected, flaky, skipped, ran, total_ms, max_ms FROM test_days
           WHERE project_id = ? AND (day, test_id) > (?, ?) AND day <= ? ORDER BY day, test_id LIMIT ?`,
          [projectId, after?.day ?? first, after?.test_id ?? '', last, limit],
        ),
      (row) => sums.set(row.test_id, addSums(sums.get(row.test_id) ?? NO_SUMS, row)),
    );
    return [...sums].map(([test_id, sum]) => ({ test_id, ...figuresOf(sum) }));
  }
}

/** null where its runs are not kept any more. */
async function describe(r: ReadHandle, projectId: string, test: Counted): Promise<TestStanding | null> {
  const identity = await readIdentity(r, projectId, test.test_id);
  if (!identity) return null;
  const results = await readResults(r, projectId, test.test_id, MOST_RESULTS);
  const [newest] = results;
  return {
    ...identity,
    ...test,
    ...percentilesOf(results),
    last: newest
      ? { run_id: newest.run_id, number: newest.number, outcome: newest.outcome, at: isoTime(newest.settled_at) }
      : null,
  };
}
