/** Cancels every run that has not ended: a promotion that ends at once waits for nothing. */
import { cancelRun } from '../dispatch/cancel-run.ts';
import type { Database } from '../storage/database.ts';

export async function cancelAllRuns(db: Database, reason: string, now: () => number): Promise<void> {
  const open = await db.read((r) =>
    r.all<{ id: string }>("SELECT id FROM runs WHERE state IN ('pending', 'scheduling', 'running')"),
  );
  for (const { id } of open) await db.write((w) => cancelRun(w, id, reason, now()));
}
