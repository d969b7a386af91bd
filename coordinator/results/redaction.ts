/**
 * Takes secrets out of what workers say before any of it is stored or shown. Their agents have done so already; this is for workers that only
 * poll, and for agents that cannot be trusted to.
 */
import type { Clock } from '../../shared/base/clock.ts';
import { redactAll, redactTexts, type RedactingStream, type Redactor } from '../../shared/base/redact.ts';
import type { AgentMessage } from '../../shared/protocol/link.ts';
import { secretPlaceOf } from '../dispatch/to-grant.ts';
import type { WorkerReport } from '../dispatch/report-queue.ts';
import type { ProjectSecrets, SecretPlace } from '../projects/secrets.ts';
import type { Database, ReadHandle } from '../storage/database.ts';

type LogMessage = Extract<AgentMessage, { type: 'log' }>;

/** Tasks whose place is known without asking. */
const MOST_KNOWN = 10_000;
/** Texts of which an end is held back; beyond it the oldest is let go. */
const MOST_HELD = 10_000;
/** For how long the end of a text is held back because it may be the beginning of a secret. */
const HELD_MS = 30_000;

type Next = (message: LogMessage) => void;

/** What one worker prints for one grant on one of its streams. */
interface Printing {
  redactor: Redactor;
  stream: RedactingStream;
  /** The message with which the last end came. */
  last: LogMessage;
  next: Next;
  /** Ends the wait for more. */
  cancel: () => void;
}

export class Redaction {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #secrets: ProjectSecrets;
  readonly #report: (error: unknown, during: string) => void;
  /** Task → its place, which never changes. */
  readonly #places = new Map<string, SecretPlace>();
  readonly #printing = new Map<string, Printing>();
  #tail: Promise<void> | null = null;

  constructor(options: {
    db: Database;
    clock: Clock;
    secrets: ProjectSecrets;
    report: (error: unknown, during: string) => void;
  }) {
    this.#db = options.db;
    this.#clock = options.clock;
    this.#secrets = options.secrets;
    this.#report = options.report;
  }

  async reports(r: ReadHandle, items: readonly WorkerReport[]): Promise<readonly WorkerReport[]> {
    if (this.#secrets.isEmpty) return items;
    const redacted: WorkerReport[] = [];
    for (const { workerId, report } of items) {
      const redactor = await this.#redactorOf(r, report.taskId);
      redacted.push({ workerId, report: redactor ? redactTexts(report, redactor) : report });
    }
    return redacted;
  }

  /** All texts of something that a worker sent about a task. */
  async anything<T>(r: ReadHandle, taskId: string, value: T): Promise<T> {
    const redactor = this.#secrets.isEmpty ? null : await this.#redactorOf(r, taskId);
    return redactor ? redactAll(value, redactor) : value;
  }

  /**
   * Hands the messages on, in the order in which they come. A secret may lie across several: an end that may be the beginning of one is held
   * back until more comes or HELD_MS are over.
   */
  log(workerId: string, message: LogMessage, next: Next): void {
    if (this.#secrets.isEmpty && this.#tail === null && this.#printing.size === 0) return next(message);
    this.#then(async () => {
      const known = this.#places.get(message.taskId);
      const redactor = known
        ? this.#secrets.redactor(known)
        : await this.#db.read((r) => this.#redactorOf(r, message.taskId));
      const key = `${workerId} ${message.fence} ${message.stream}`;
      if (this.#printing.get(key)?.redactor !== redactor) this.#letGo(key);
      if (redactor && !redactor.isEmpty) this.#print(key, redactor, message, next);
      else next(message);
    });
  }

  /** Resolves when all messages so far were handed on, and with them what was held back. For the end. */
  async close(): Promise<void> {
    this.#then(() => {
      for (const key of this.#printing.keys()) this.#letGo(key);
    });
    await this.#tail;
  }

  #then(work: () => unknown): void {
    const mine = (this.#tail ?? Promise.resolve())
      .then(work)
      // It is lost rather than shown as it is.
      .catch((error: unknown) => this.#report(error, 'hiding secrets in logs'))
      .then(() => {
        if (this.#tail === mine) this.#tail = null;
      });
    this.#tail = mine;
  }

  #print(key: string, redactor: Redactor, message: LogMessage, next: Next): void {
    const before = this.#printing.get(key);
    before?.cancel();
    this.#printing.delete(key);
    const stream = before?.stream ?? redactor.stream();
    const text = stream.write(message.text);
    if (text !== '') next({ ...message, text });
    if (stream.isClear) return;
    for (const oldest of this.#printing.keys()) {
      if (this.#printing.size < MOST_HELD) break;
      this.#letGo(oldest);
    }
    const cancel = this.#clock.after(HELD_MS, () => this.#then(() => this.#letGo(key)));
    this.#printing.set(key, { redactor, stream, last: message, next, cancel });
  }

  #letGo(key: string): void {
    const held = this.#printing.get(key);
    if (!held) return;
    this.#printing.delete(key);
    held.cancel();
    // Workers count from 0, so the numbers below are free: the message's own may be stored already, with its beginning.
    held.next({ ...held.last, seq: -1 - held.last.seq, text: held.stream.end() });
  }

  async #redactorOf(r: ReadHandle, taskId: string): Promise<Redactor | null> {
    const place = this.#places.get(taskId) ?? (await this.#placeOf(r, taskId));
    return place && this.#secrets.redactor(place);
  }

  async #placeOf(r: ReadHandle, taskId: string): Promise<SecretPlace | null> {
    const row = await r.get<{ project_id: string; environment: string | null }>(
      'SELECT r.project_id, r.environment FROM tasks t JOIN runs r ON r.id = t.run_id WHERE t.id = ?',
      [taskId],
    );
    if (!row) return null;
    const place = secretPlaceOf({ projectId: row.project_id, environment: row.environment });
    if (this.#places.size >= MOST_KNOWN) this.#places.clear();
    this.#places.set(taskId, place);
    return place;
  }
}
