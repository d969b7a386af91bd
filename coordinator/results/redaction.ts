/**
 * Takes secrets out of what workers say before any of it is stored or shown. Their agents have done so already, and better (across chunks);
 * this is for workers that only poll, and for agents that cannot be trusted to.
 */
import { redactAll, redactTexts, type Redactor } from '../../shared/base/redact.ts';
import type { AgentMessage } from '../../shared/protocol/link.ts';
import { secretPlaceOf } from '../dispatch/to-grant.ts';
import type { WorkerReport } from '../dispatch/report-queue.ts';
import type { ProjectSecrets, SecretPlace } from '../projects/secrets.ts';
import type { Database, ReadHandle } from '../storage/database.ts';

type LogMessage = Extract<AgentMessage, { type: 'log' }>;

/** Task → its place, which never changes. */
const MOST_KNOWN = 10_000;

export class Redaction {
  readonly #db: Database;
  readonly #secrets: ProjectSecrets;
  readonly #report: (error: unknown, during: string) => void;
  readonly #places = new Map<string, SecretPlace>();
  #tail: Promise<void> | null = null;

  constructor(options: { db: Database; secrets: ProjectSecrets; report: (error: unknown, during: string) => void }) {
    this.#db = options.db;
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

  /** Hands the message on, in the order in which they come. */
  log(message: LogMessage, next: (message: LogMessage) => void): void {
    if (this.#secrets.isEmpty && this.#tail === null) return next(message);
    const before = this.#tail ?? Promise.resolve();
    const mine = before
      .then(async () => {
        const known = this.#places.get(message.taskId);
        const redactor = known
          ? this.#secrets.redactor(known)
          : await this.#db.read((r) => this.#redactorOf(r, message.taskId));
        next(redactor ? { ...message, text: redactor.text(message.text) } : message);
      })
      // It is lost rather than shown as it is.
      .catch((error: unknown) => this.#report(error, 'hiding secrets in logs'))
      .finally(() => {
        if (this.#tail === mine) this.#tail = null;
      });
    this.#tail = mine;
  }

  /** Resolves when all messages so far were handed on. */
  async settled(): Promise<void> {
    await this.#tail;
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
