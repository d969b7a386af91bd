/** What tasks print: collected in memory for a moment, written in one command, dropped when the coordinator is behind (results never are). */
import type { Logger } from 'pino';
import type { Clock } from '../../shared/base/clock.ts';
import type { AgentMessage } from '../../shared/protocol/link.ts';
import { StorageFullError, type Database, type ReadHandle } from '../storage/database.ts';

type LogMessage = Extract<AgentMessage, { type: 'log' }>;

const FLUSH_MS = 250;
/** Characters waiting to be written; beyond it chunks are dropped and counted. */
const MAX_WAITING_CHARS = 16 * 1024 * 1024;
/** Output kept per grant; a test that prints for ever must not fill the disk. */
const MAX_CHARS_PER_GRANT = 4 * 1024 * 1024;

export interface LogWriterOptions {
  db: Database;
  clock: Clock;
  /** Is told when a full disk begins to keep logs from being written, and when it ends. */
  log: Pick<Logger, 'warn'>;
  report: (error: unknown, during: string) => void;
}

export class LogWriter {
  readonly #options: LogWriterOptions;
  #waiting: { message: LogMessage; workerId: string; at: number }[] = [];
  #chars = 0;
  #scheduled = false;
  dropped = 0;
  /** Chunks lost since the disk became full; null while it is not. */
  #lost: number | null = null;

  constructor(options: LogWriterOptions) {
    this.#options = options;
  }

  add(workerId: string, message: LogMessage): void {
    if (this.#chars + message.text.length > MAX_WAITING_CHARS) {
      this.dropped++;
      return;
    }
    this.#chars += message.text.length;
    this.#waiting.push({ message, workerId, at: this.#options.clock.now() });
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#options.clock.after(FLUSH_MS, () => void this.flush());
  }

  /** Writes what waits; also called before a stop. */
  async flush(): Promise<void> {
    this.#scheduled = false;
    const chunks = this.#waiting;
    this.#waiting = [];
    this.#chars = 0;
    if (chunks.length === 0) return;
    const rows = chunks.map(({ message, workerId, at }) => [
      message.taskId,
      message.fence,
      message.seq,
      at,
      message.stream,
      message.text,
      workerId,
    ]);
    try {
      // Only grants of this worker, and none beyond its share.
      await this.#options.db.write((w) =>
        w.run(
          `INSERT INTO log_chunks (run_id, task_id, fence, seq, at, stream, text)
           SELECT t.run_id, t.id, v.value ->> 1, v.value ->> 2, v.value ->> 3, v.value ->> 4, v.value ->> 5
           FROM json_each(?) v JOIN task_attempts a ON a.fence = v.value ->> 1 AND a.worker_id = v.value ->> 6 JOIN tasks t ON t.id = a.task_id
           WHERE (SELECT coalesce(sum(length(text)), 0) FROM log_chunks c WHERE c.fence = a.fence) < ?
           ON CONFLICT (fence, seq) DO NOTHING`,
          [JSON.stringify(rows), MAX_CHARS_PER_GRANT],
        ),
      );
      this.#works();
    } catch (error) {
      if (error instanceof StorageFullError) this.#fails(error, chunks.length);
      else this.#options.report(error, 'writing logs');
    }
  }

  /** Said once: tasks go on printing, and a line for each try would bury all else. */
  #fails(error: StorageFullError, chunks: number): void {
    if (this.#lost === null) {
      this.#options.log.warn(`${error.message} What tasks print is lost until logs can be written again.`);
    }
    this.#lost = (this.#lost ?? 0) + chunks;
  }

  #works(): void {
    if (this.#lost === null) return;
    this.#options.log.warn({ lost_chunks: this.#lost }, 'What tasks print is written again.');
    this.#lost = null;
  }
}

export interface LogLine {
  id: number;
  at: string;
  task_id: string;
  worker: string | null;
  stream: 'stdout' | 'stderr' | 'agent';
  text: string;
}

/** In order of arrival; `after` is the id of the last chunk of the page before. */
export async function readLogs(
  r: ReadHandle,
  runId: string,
  page: { taskId: string | null; limit: number; after: number | null },
): Promise<LogLine[]> {
  const rows = await r.all<Omit<LogLine, 'at'> & { at: number }>(
    `SELECT c.id, c.at, c.task_id, w.hostname AS worker, c.stream, c.text FROM log_chunks c
     LEFT JOIN task_attempts a ON a.fence = c.fence LEFT JOIN workers w ON w.id = a.worker_id
     WHERE c.run_id = ? AND c.id > ? AND (? IS NULL OR c.task_id = ?) ORDER BY c.id LIMIT ?`,
    [runId, page.after ?? 0, page.taskId, page.taskId, page.limit],
  );
  return rows.map((row) => ({ ...row, at: new Date(row.at).toISOString() }));
}
