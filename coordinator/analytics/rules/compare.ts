/** What is different between two runs, test by test. */
import type { TestOutcome } from '../../../shared/protocol/playwright.ts';
import { testChange, type TestChange } from '../../../shared/protocol/rest/analysis.ts';

export interface Side {
  /** Place in its suite. */
  no: number;
  outcome: TestOutcome | null;
  attempts: number;
  duration_ms: number | null;
}

export interface Threshold {
  /** Both must be reached for a test to be slower or faster. */
  percent: number;
  atLeastMs: number;
}

export interface ChangedTest {
  test_id: string;
  change: TestChange;
  now: Side | null;
  before: Side | null;
}

/** null where nothing worth telling has changed, or one of them has no outcome yet. */
export function changeOf(now: Side | null, before: Side | null, threshold: Threshold): TestChange | null {
  if (now === null) return 'removed';
  if (before === null) return 'added';
  if (now.outcome === null || before.outcome === null) return null;
  const [fails, failed] = [now.outcome === 'unexpected', before.outcome === 'unexpected'];
  if (fails) return failed ? 'still_failing' : 'newly_failing';
  // A test that is skipped now is not mended.
  if (failed) return now.outcome === 'skipped' ? null : 'fixed';
  if (now.outcome === 'flaky' && before.outcome === 'expected') return 'newly_flaky';
  return pace(now, before, threshold);
}

function pace(now: Side, before: Side, { percent, atLeastMs }: Threshold): 'slower' | 'faster' | null {
  const ran = [now, before].every(({ attempts, outcome }) => attempts > 0 && outcome !== 'skipped');
  const [took, took_before] = [now.duration_ms ?? 0, before.duration_ms ?? 0];
  if (!ran || Math.abs(took - took_before) < atLeastMs) return null;
  const part = percent / 100;
  if (took >= took_before * (1 + part)) return 'slower';
  return took_before >= took * (1 + part) ? 'faster' : null;
}

/** All changes in the order of testChange, then of the suite. */
export function compareRuns(
  now: ReadonlyMap<string, Side>,
  before: ReadonlyMap<string, Side>,
  threshold: Threshold,
): { changes: ChangedTest[]; counts: Record<TestChange, number>; unchanged: number } {
  const counts = Object.fromEntries(testChange.options.map((change) => [change, 0])) as Record<TestChange, number>;
  const changes: ChangedTest[] = [];
  let unchanged = 0;
  for (const test_id of new Set([...now.keys(), ...before.keys()])) {
    const sides = { now: now.get(test_id) ?? null, before: before.get(test_id) ?? null };
    const change = changeOf(sides.now, sides.before, threshold);
    if (change === null) unchanged++;
    else {
      counts[change]++;
      changes.push({ test_id, change, ...sides });
    }
  }
  const rank = new Map(testChange.options.map((change, i) => [change, i]));
  const placeOf = ({ now: here, before: there }: ChangedTest): number => here?.no ?? there?.no ?? 0;
  changes.sort((a, b) => (rank.get(a.change) ?? 0) - (rank.get(b.change) ?? 0) || placeOf(a) - placeOf(b));
  return { changes, counts, unchanged };
}
