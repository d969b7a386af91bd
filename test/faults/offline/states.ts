/** What two coordinators hold of the same runs, as hashes that are equal only where all of it is. */
import { createHash } from 'node:crypto';
import { api, type Coordinator } from '../../../scripts/programs.ts';
import { count, getRun, type Finding } from '../bench.ts';

/** Of the tests of a run with what counts of them, in the order of their ids. */
export async function stateHash(coordinator: Coordinator, runId: string): Promise<string> {
  const rows: string[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const query: string = cursor === '' ? '' : `&cursor=${cursor}`;
    const page: { items: Record<string, unknown>[]; next_cursor: string | null } = await api(
      coordinator,
      'GET',
      `/test-runs/${runId}/tests?limit=500${query}`,
    );
    rows.push(
      ...page.items.map(({ test_id, outcome, attempts, duration_ms }) =>
        JSON.stringify([test_id, outcome, attempts, duration_ms]),
      ),
    );
    cursor = page.next_cursor;
  }
  const { status, tests } = await getRun(coordinator, runId);
  const text = JSON.stringify([status, tests, rows.toSorted()]);
  return createHash('sha256').update(text).digest('hex');
}

export async function stateHashes(coordinator: Coordinator, runs: readonly string[]): Promise<string[]> {
  const hashes: string[] = [];
  for (const run of runs) hashes.push(await stateHash(coordinator, run));
  return hashes;
}

export const differences = (a: readonly string[], b: readonly string[]): number =>
  Math.abs(a.length - b.length) + a.filter((hash, i) => b[i] !== undefined && hash !== b[i]).length;

/** Over all runs: each test must be there once. */
export async function countAll(
  coordinator: Coordinator,
  runs: readonly string[],
  tests: number,
): Promise<Pick<Finding, 'stored' | 'lost' | 'double_counted'>> {
  const sum = { stored: 0, lost: 0, double_counted: 0 };
  for (const run of runs) {
    const counted = await count(coordinator, run, { tests });
    sum.stored += counted.stored;
    sum.lost += counted.lost;
    sum.double_counted += counted.double_counted;
  }
  const listed = new Set((await allRuns(coordinator)).map(({ id }) => id));
  // A run that came under two ids, or one that nobody made, is counted twice as well.
  sum.double_counted += Math.max(0, listed.size - runs.length);
  return sum;
}

export async function allRuns(coordinator: Coordinator): Promise<{ id: string; number: number }[]> {
  const { items } = await api<{ items: { id: string; number: number }[] }>(coordinator, 'GET', '/test-runs?limit=500');
  return items;
}
