/** What the database knows of backups that were tried. */
import { isoTime, isoTimeOrNull } from '../../shared/protocol/rest/common.ts';
import type { BackupAttempt } from '../../shared/protocol/rest/backups.ts';
import type { ReadHandle, WriteHandle } from '../storage/database.ts';
import type { Tables } from '../storage/tables.ts';

export type AttemptRow = Tables['backup_attempts'];

const KEPT = 200;

export async function lastAttempts(r: ReadHandle, limit: number): Promise<AttemptRow[]> {
  return r.all<AttemptRow>('SELECT * FROM backup_attempts ORDER BY started_at DESC, id DESC LIMIT ?', [limit]);
}

export async function lastGood(r: ReadHandle): Promise<AttemptRow | null> {
  const sql = "SELECT * FROM backup_attempts WHERE state = 'done' ORDER BY started_at DESC LIMIT 1";
  return (await r.get<AttemptRow>(sql)) ?? null;
}

export async function beginAttempt(
  w: WriteHandle,
  { id, trigger, by }: Pick<AttemptRow, 'id' | 'trigger' | 'by'>,
  now: number,
): Promise<void> {
  await w.run("INSERT INTO backup_attempts (id, started_at, trigger, by, state) VALUES (?, ?, ?, ?, 'running')", [
    id,
    now,
    trigger,
    by,
  ]);
  await w.run(
    'DELETE FROM backup_attempts WHERE id IN (SELECT id FROM backup_attempts ORDER BY started_at DESC LIMIT -1 OFFSET ?)',
    [KEPT],
  );
}

export type Outcome = Pick<AttemptRow, 'state' | 'backup' | 'taken_at' | 'detail' | 'written_bytes' | 'blocked_ms'>;

export async function endAttempt(w: WriteHandle, id: string, outcome: Outcome, now: number): Promise<void> {
  await w.run(
    `UPDATE backup_attempts SET ended_at = ?, state = ?, backup = ?, taken_at = ?, detail = ?, written_bytes = ?, blocked_ms = ? WHERE id = ?`,
    [
      now,
      outcome.state,
      outcome.backup,
      outcome.taken_at,
      outcome.detail,
      outcome.written_bytes,
      outcome.blocked_ms,
      id,
    ],
  );
}

/** Those that the process before did not end. */
export async function endCutOff(w: WriteHandle, detail: string, now: number): Promise<number> {
  const sql = "UPDATE backup_attempts SET ended_at = ?, state = 'failed', detail = ? WHERE state = 'running'";
  return (await w.run(sql, [now, detail])).changes;
}

export function shown(row: AttemptRow): BackupAttempt {
  const { taken_at: _, started_at: started, ended_at: ended, ...rest } = row;
  return { ...rest, started_at: isoTime(started), ended_at: isoTimeOrNull(ended) };
}
