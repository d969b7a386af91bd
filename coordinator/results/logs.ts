/**
 * What tasks print: collected in memory for a moment, written in one command. While the coordinator is behind it is left out, and the log
 * says how much; results never are.
 */
import type { Logger } from 'pino';
import type { Clock } from '../../shared/base/clock.ts';
import type { AgentMessage } from '../../shared/protocol/link.ts';
import type { LoadMonitor } from '../load/monitor.ts';
import { StorageFullError, type Database, type ReadHandle, type WriteHandle } from '../storage/database.ts';

type LogMessage = Extract<AgentMessage, { type: 'log' }>;

const FLUSH_MS = 250;
/** Characters waiting to be written; beyond it chunks are left out. */
const MAX_WAITING_CHARS = 8 * 1024 * 1024;
/** Characters written by one command: results that wait for it must not wait long. */
const MAX_CHARS_AT_ONCE = 256 * 1024;
/** Output kept per grant; a test that prints for ever must not fill the disk. */
const MAX_CHARS_PER_GRANT = 4 * 1024 * 1024;
/** Grants of which the kept characters are known without asking; more are asked again. */
const MOST_KNOWN = 10_000;

export interface LogWriterOptions {
  db: Database;
  clock: Clock;
  load: Pick<LoadMonitor, 'leavesOut'>;
  /** Is told when a full disk begins to keep logs from being written, and when it ends. */
  log: Pick<Logger, 'warn'>;
  report: (error: unknown, during: string) => void;
}

interface Chunk {
  message: LogMessage;
  workerId: string;
  at: number;
}

/** Of one worker's words about one grant: the last message that was left out, and how many lines in all. */
interface LeftOut {
  last: LogMessage;
  workerId: string;
  lines: number;
}

export class LogWriter {
  readonly #options: LogWriterOptions;
  #waiting: Chunk[] = [];
  #chars = 0;
  #scheduled = false;
  /** Writes one after the other: what waits meanwhile is bounded, what is being written was. */
  #writing: Promise<void> = Promise.resolve();
  /** Both by worker and fence: whose grant it is shows only at the database, and nobody's words may cost another's log. */
  readonly #leftOut = new Map<string, LeftOut>();
  /** Characters. */
  readonly #kept = new Map<string, number>();
  #closed = false;
  /** Chunks lost since the disk became full; null while it is not. */
  #lost: number | null = null;

  constructor(options: LogWriterOptions) {
    this.#options = options;
  }

  /** Returns what is kept, and may be shown: the message itself, behind a note of what was left out before it; or nothing. */
  add(workerId: string, message: LogMessage): LogMessage[] {
    const lines = linesIn(message.text);
    const isFull = this.#chars + message.text.length > MAX_WAITING_CHARS;
    if (this.#options.load.leavesOut('log_lines', lines) || isFull) {
      const key = keyOf(workerId, message);
      const before = this.#leftOut.get(key);
      if (before || this.#leftOut.size < MOST_KNOWN)
        this.#leftOut.set(key, { last: message, workerId, lines: (before?.lines ?? 0) + lines });
      this.#schedule();
      return [];
    }
    const kept = [...this.#noteOf(keyOf(workerId, message)), message];
    for (const each of kept) this.#queue(workerId, each);
    return kept;
  }

  /** Writes what waits, for the last time. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.flush();
  }

  /** Writes what waits. */
  async flush(): Promise<void> {
    this.#scheduled = false;
    // A grant that prints no more gets its note as soon as anything may be written again.
    for (const [key, { workerId }] of this.#leftOut) {
      if (this.#options.load.leavesOut('log_lines', 0)) break;
      for (const note of this.#noteOf(key)) this.#queue(workerId, note);
    }
    if (this.#leftOut.size > 0) this.#schedule();
    const chunks = this.#waiting;
    this.#waiting = [];
    this.#chars = 0;
    this.#writing = this.#writing.then(() => this.#write(chunks));
    await this.#writing;
  }

  #queue(workerId: string, message: LogMessage): void {
    this.#chars += message.text.length;
    this.#waiting.push({ message, workerId, at: this.#options.clock.now() });
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled || this.#closed) return;
    this.#scheduled = true;
    this.#options.clock.after(FLUSH_MS, () => void this.#writing.then(() => this.flush()));
  }

  /** It takes the place of the last message that was left out. */
  #noteOf(key: string): LogMessage[] {
    const left = this.#leftOut.get(key);
    if (!left) return [];
    this.#leftOut.delete(key);
    const text = `[… ${left.lines} lines left out: the coordinator had more to do than it could …]\n`;
    return [{ ...left.last, stream: 'agent', text }];
  }

  async #write(chunks: readonly Chunk[]): Promise<void> {
    for (const part of inParts(chunks)) {
      try {
        await this.#options.db.write((w) => this.#store(w, part));
        this.#works();
      } catch (error) {
        if (error instanceof StorageFullError) this.#fails(error, part.length);
        else this.#options.report(error, 'writing logs');
      }
    }
  }

  /** Only grants of the worker that speaks, and none beyond its share. */
  async #store(w: WriteHandle, chunks: readonly Chunk[]): Promise<void> {
    const rows = [];
    for (const { message, workerId, at } of chunks) {
      const { taskId, fence, seq, stream, text } = message;
      const key = keyOf(workerId, message);
      const kept = this.#kept.get(key) ?? (await charsOf(w, fence));
      if (this.#kept.size >= MOST_KNOWN) this.#kept.clear();
      this.#kept.set(key, kept + text.length);
      if (kept >= MAX_CHARS_PER_GRANT) continue;
      rows.push([taskId, fence, seq, at, stream, text, workerId]);
    }
    await w.run(
      `INSERT INTO log_chunks (run_id, task_id, fence, seq, at, stream, text)
       SELECT t.run_id, t.id, v.value ->> 1, v.value ->> 2, v.value ->> 3, v.value ->> 4, v.value ->> 5
       FROM json_each(?) v JOIN task_attempts a ON a.fence = v.value ->> 1 AND a.worker_id = v.value ->> 6 JOIN tasks t ON t.id = a.task_id
       WHERE true ON CONFLICT (fence, seq) DO NOTHING`,
      [JSON.stringify(rows)],
    );
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

function inParts(chunks: readonly Chunk[]): Chunk[][] {
  const parts: Chunk[][] = [];
  let chars = Infinity;
  for (const chunk of chunks) {
    chars += chunk.message.text.length;
    if (chars > MAX_CHARS_AT_ONCE) {
      parts.push([]);
      chars = chunk.message.text.length;
    }
    parts.at(-1)?.push(chunk);
  }
  return parts;
}

const keyOf = (workerId: string, { fence }: LogMessage): string => `${fence} ${workerId}`;

async function charsOf(r: ReadHandle, fence: number): Promise<number> {
  const row = await r.get<{ chars: number }>(
    'SELECT coalesce(sum(length(text)), 0) AS chars FROM log_chunks WHERE fence = ?',
    [fence],
  );
  return row?.chars ?? 0;
}

/** At least one: a part of a line is one, too. */
const linesIn = (text: string): number => Math.max(1, text.split('\n').length - 1);

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
  page: { taskId: string | null; limit: number; after: number | null; newestFirst?: boolean },
): Promise<LogLine[]> {
  const rows = await r.all<Omit<LogLine, 'at'> & { at: number }>(
    `SELECT c.id, c.at, c.task_id, w.hostname AS worker, c.stream, c.text FROM log_chunks c
     LEFT JOIN task_attempts a ON a.fence = c.fence LEFT JOIN workers w ON w.id = a.worker_id
     WHERE c.run_id = ? AND c.id ${page.newestFirst ? '<' : '>'} ? AND (? IS NULL OR c.task_id = ?)
     ORDER BY c.id ${page.newestFirst ? 'DESC' : ''} LIMIT ?`,
    [runId, page.after ?? (page.newestFirst ? Number.MAX_SAFE_INTEGER : 0), page.taskId, page.taskId, page.limit],
  );
  return rows.map((row) => ({ ...row, at: new Date(row.at).toISOString() }));
}
