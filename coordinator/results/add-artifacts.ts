/** Remembers which bytes belong to what of a run; the bytes themselves may arrive later. */
import type { WriteHandle } from '../storage/database.ts';

export interface NewArtifact {
  runId: string;
  taskId: string | null;
  fence: number | null;
  testId: string | null;
  kind: 'attachment' | 'blob' | 'report';
  name: string;
  contentType: string;
  sha256: string;
  size: number;
}

export async function addArtifacts(w: WriteHandle, artifacts: readonly NewArtifact[]): Promise<void> {
  for (const item of artifacts) {
    await w.run(
      `INSERT INTO artifacts (run_id, task_id, fence, test_id, kind, name, content_type, sha256, size) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT DO NOTHING`,
      [
        item.runId,
        item.taskId,
        item.fence,
        item.testId,
        item.kind,
        item.name,
        item.contentType,
        item.sha256,
        item.size,
      ],
    );
  }
}
