/** Which bytes the runs of an origin refer to: what tests attached, blob reports, the merged report and the source, with all files of their trees. */
import { readFile } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { parseTree } from '../../shared/protocol/tree.ts';
import { EMPTY_SUM, addHash, type KindSummary } from '../../shared/protocol/offline/journal.ts';
import type { BlobStore } from '../artifacts/blob-store.ts';
import type { Database } from '../storage/database.ts';

export type BlobFiles = Pick<BlobStore, 'fileOf' | 'missing'>;

/** Trees that are not here cannot be looked into: their files are found when they have come. */
export async function referencedBlobs(db: Database, store: BlobFiles, runIds: readonly string[]): Promise<Set<string>> {
  const blobs = new Set<string>();
  for (const runId of runIds) {
    const { direct, trees } = await db.read(async (r) => {
      const direct = await r.all<{ sha256: string }>(
        `SELECT sha256 FROM artifacts WHERE run_id = ? UNION
         SELECT a.blob_sha256 FROM task_attempts a JOIN tasks t ON t.id = a.task_id WHERE t.run_id = ? AND a.blob_sha256 IS NOT NULL UNION
         SELECT sha256 FROM accepted_screenshots WHERE run_id = ? UNION
         SELECT report ->> '$.json.sha256' FROM runs WHERE id = ? AND report_state = 'ready' UNION
         SELECT report ->> '$.junit.sha256' FROM runs WHERE id = ? AND report_state = 'ready'`,
        [runId, runId, runId, runId, runId],
      );
      const trees = await r.all<{ sha256: string }>(
        `SELECT report ->> '$.html' AS sha256 FROM runs WHERE id = ? AND report_state = 'ready' UNION
         SELECT source ->> '$.tree' FROM runs WHERE id = ? AND source ->> '$.tree' IS NOT NULL`,
        [runId, runId],
      );
      return { direct, trees };
    });
    for (const { sha256 } of direct) blobs.add(sha256);
    for (const { sha256 } of trees) {
      if (blobs.has(sha256)) continue;
      blobs.add(sha256);
      for (const file of await filesOf(store, sha256)) blobs.add(file);
    }
    await setImmediate();
  }
  return blobs;
}

async function filesOf(store: BlobFiles, tree: string): Promise<string[]> {
  const file = await store.fileOf(tree);
  const parsed = file === null ? null : parseTree(await readFile(file));
  return parsed?.tree?.files.flatMap((entry) => (entry.mode === 'link' ? [] : [entry.sha256])) ?? [];
}

export function summariseBlobs(blobs: Iterable<string>): KindSummary {
  let [count, sum] = [0, EMPTY_SUM];
  for (const hash of blobs) [count, sum] = [count + 1, addHash(sum, hash)];
  return { count, sum };
}
