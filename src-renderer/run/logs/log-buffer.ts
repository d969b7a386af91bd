/** What tasks printed, as lines: a bounded part of it, that grows at both ends and forgets at the other one. Pure apart from its own state. */

export interface LogChunk {
  id: number;
  at: string;
  task_id: string;
  worker: string | null;
  stream: LogStream;
  text: string;
}
export type LogStream = 'stdout' | 'stderr' | 'agent';

export interface LogLine {
  /** Unique and rising, as the lines stand. */
  key: string;
  chunkId: number;
  /** Milliseconds since the epoch. */
  at: number;
  worker: string | null;
  taskId: string;
  stream: LogStream;
  text: string;
}

export const MOST_LINES = 20_000;

export class LogBuffer {
  #lines: LogLine[] = [];
  /** By task and stream: the line that was not ended yet. */
  readonly #open = new Map<string, LogLine>();
  /** Of the newest chunk that was taken in; 0 = none. */
  last = 0;
  /** Lines at the beginning were let go of, or were never read. */
  lacksBeginning = false;

  get lines(): readonly LogLine[] {
    return this.#lines;
  }

  /** Chunks behind the last one, oldest first. What is known already is left out. */
  append(chunks: readonly LogChunk[]): void {
    const fresh = chunks.filter(({ id }) => id > this.last);
    if (fresh.length === 0) return;
    this.last = fresh.at(-1)!.id;
    const lines = [...this.#lines];
    const positions = new Map(lines.slice(-200).map((line, index) => [line, Math.max(0, lines.length - 200) + index]));
    for (const chunk of fresh) this.#takeIn(chunk, lines, positions);
    const tooMany = lines.length - MOST_LINES;
    if (tooMany > 0) this.lacksBeginning = true;
    this.#lines = tooMany > 0 ? lines.slice(tooMany) : lines;
  }

  /** Chunks before the first one, oldest first; of so many lines the newest ones stay. */
  prepend(chunks: readonly LogChunk[], isBeginning: boolean): void {
    const older: LogLine[] = [];
    for (const chunk of chunks) older.push(...linesOf(chunk));
    this.last = Math.max(this.last, chunks.at(-1)?.id ?? 0);
    const lines = [...older, ...this.#lines];
    const tooMany = Math.max(0, lines.length - MOST_LINES);
    this.#lines = lines.slice(tooMany);
    this.lacksBeginning = !isBeginning || tooMany > 0;
  }

  /** Id of the oldest chunk that is held; null without any. */
  get first(): number | null {
    return this.#lines[0]?.chunkId ?? null;
  }

  #takeIn(chunk: LogChunk, lines: LogLine[], positions: Map<LogLine, number>): void {
    const who = `${chunk.task_id} ${chunk.stream}`;
    const [begin, ...more] = linesOf(chunk);
    if (!begin) return;
    const open = this.#open.get(who);
    const position = open && positions.get(open);
    // What was printed without an end of line goes on there.
    if (open && position !== undefined) {
      lines[position] = { ...open, text: open.text + begin.text };
      positions.set(lines[position], position);
    } else {
      positions.set(begin, lines.length);
      lines.push(begin);
    }
    for (const line of more) {
      positions.set(line, lines.length);
      lines.push(line);
    }
    const last = more.at(-1) ?? (open && position !== undefined ? lines[position]! : begin);
    if (chunk.text.endsWith('\n')) this.#open.delete(who);
    else this.#open.set(who, last);
  }
}

/** A carriage return begins the line anew, as a terminal shows it. */
function linesOf(chunk: LogChunk): LogLine[] {
  const texts = chunk.text.replaceAll('\r\n', '\n').replace(/\n$/, '').split('\n');
  const at = Date.parse(chunk.at);
  return texts.map((text, index) => ({
    key: `${chunk.id}.${index}`,
    chunkId: chunk.id,
    at,
    worker: chunk.worker,
    taskId: chunk.task_id,
    stream: chunk.stream,
    text: text.slice(text.lastIndexOf('\r') + 1),
  }));
}

export interface LogFilter {
  worker: string;
  stream: LogStream | '';
  /** Any part of the line, in any case; without colours. */
  text: string;
}

export function matchesLog(
  line: LogLine,
  { worker, stream, text }: LogFilter,
  plain: (text: string) => string,
): boolean {
  if (worker !== '' && line.worker !== worker) return false;
  if (stream !== '' && line.stream !== stream) return false;
  return text === '' || plain(line.text).toLowerCase().includes(text.toLowerCase());
}
