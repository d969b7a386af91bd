/** Makes tests known to a run. Tests that it knows already stay as they are: shards report their plans more than once. */
import type { PlannedTest } from '../../shared/protocol/playwright.ts';
import type { WriteHandle } from '../storage/database.ts';

export interface NewTest {
  test: PlannedTest;
  /** The unit that selects it, in queue runs. */
  unitNo: number | null;
  /** The task whose shard it is in, in static runs. */
  taskId: string | null;
  supporting: boolean;
}

/** Returns how many were new. */
export async function addTests(w: WriteHandle, runId: string, tests: readonly NewTest[]): Promise<number> {
  const base = await w.get<{ n: number }>('SELECT tests_total AS n FROM runs WHERE id = ?', [runId]);
  const rows = tests.map(({ test, unitNo, taskId, supporting }, i) => {
    const { id, project, file, ...plan } = test;
    return [id, (base?.n ?? 0) + i, unitNo, taskId, supporting ? 1 : 0, project, file, JSON.stringify(plan)];
  });
  const { changes } = await w.run(
    `INSERT INTO tests (run_id, test_id, no, unit_no, task_id, supporting, project, file, plan)
     SELECT ?, value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7 FROM json_each(?) WHERE true
     ON CONFLICT (run_id, test_id) DO NOTHING`,
    [runId, JSON.stringify(rows)],
  );
  if (changes > 0) await w.run('UPDATE runs SET tests_total = tests_total + ? WHERE id = ?', [changes, runId]);
  return changes;
}
