import type { SettledTest, TestOutcome, TestStatus } from '../../../../shared/protocol/playwright.ts';

/** What the rule needs of a Playwright TestCase. */
export interface TriedTest {
  id: string;
  retries: number;
  expectedStatus: TestStatus;
  results: { status: TestStatus }[];
  outcome(): TestOutcome;
}

/** Tests that Playwright repeats together: a serial group, or one test alone. */
interface Group {
  tests: TriedTest[];
  /** Tests of the present round that have not ended. */
  open: Set<TriedTest>;
  failed: boolean;
  cutOff: boolean;
  settled: boolean;
}

/**
 * Says when Playwright will not try a test again in this process. It goes by rounds: once all tests of a group have ended and any of
 * them ended otherwise than expected (also skipped because an earlier step or a beforeAll failed), Playwright repeats those tests of
 * the group that have retries left; when none has, or nothing failed, the group is settled. Failures that Playwright decides not to
 * retry cannot be seen from a reporter: those tests are settled by `rest` at the end.
 */
export class Settling {
  #groupOf = new Map<TriedTest, Group>();
  #groups: Group[] = [];
  /** Attempts that have ended, by test: one that only began stands in `results` too, as if skipped. */
  #ended = new Map<TriedTest, number>();

  /** `groups`: every planned test in exactly one. */
  constructor(groups: TriedTest[][]) {
    for (const tests of groups) {
      const group: Group = { tests, open: new Set(tests), failed: false, cutOff: false, settled: false };
      this.#groups.push(group);
      for (const test of tests) this.#groupOf.set(test, group);
    }
  }

  /** To be called after each attempt, which is the last of `test.results`. */
  ended(test: TriedTest): SettledTest[] {
    const group = this.#groupOf.get(test);
    const status = test.results.at(-1)?.status;
    this.#ended.set(test, test.results.length);
    if (!group || !status || group.settled) return [];
    if (status === 'interrupted') group.cutOff = true;
    if (status !== test.expectedStatus) group.failed = true;
    group.open.delete(test);
    if (group.open.size > 0 || group.cutOff) return [];
    const again = group.failed ? group.tests.filter((each) => each.results.length < each.retries + 1) : [];
    if (again.length > 0) {
      group.open = new Set(again);
      group.failed = false;
      return [];
    }
    group.settled = true;
    return group.tests.map(settledAs);
  }

  /**
   * At the end of the process: what is settled because nothing follows, and what has no verdict (never begun, cut off, or, after an
   * interruption, still having retries). `revoked` tests are nobody's business here any more.
   */
  rest(
    interrupted: boolean,
    revoked: (test: TriedTest) => boolean = () => false,
  ): { settled: SettledTest[]; notRun: string[] } {
    const settled: SettledTest[] = [];
    const notRun: string[] = [];
    for (const group of this.#groups) {
      if (group.settled) continue;
      for (const test of group.tests) {
        if (revoked(test)) continue;
        const last = test.results.at(-1)?.status;
        const cutOff = last === 'interrupted' || this.#ended.get(test) !== test.results.length;
        if (interrupted || cutOff) notRun.push(test.id);
        else settled.push(settledAs(test));
      }
    }
    return { settled, notRun };
  }
}

function settledAs(test: TriedTest): SettledTest {
  return { testId: test.id, outcome: test.outcome(), attempts: test.results.length };
}
