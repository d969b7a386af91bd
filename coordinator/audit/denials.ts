/**
 * Notes in the audit log who was refused, without letting a flood fill the disk: within a window, the first refusal of each kind is written
 * at once, its repetitions as one entry when the window ends, and what comes from too many sides only as a count.
 */
import type { Clock } from '../../shared/base/clock.ts';
import type { Database, WriteHandle } from '../storage/database.ts';
import { recordAudit, type Actor } from './record.ts';

export interface Denial extends Actor {
  /** `GET /api/v1/settings` */
  request: string;
  status: number;
  code: string;
}

const WINDOW_MS = 10 * 60_000;
/** Kinds of refusal (who, from where, why) that are told apart within a window. */
const KINDS = 50;

interface Kind {
  denial: Denial;
  /** Since the entry that told of the first. */
  repeated: number;
}

export interface DenialLogOptions {
  db: Database;
  clock: Clock;
  report: (error: unknown, during: string) => void;
}

export class DenialLog {
  readonly #options: DenialLogOptions;
  #kinds = new Map<string, Kind>();
  /** Refusals beyond the kinds told apart. */
  #others = 0;
  #endWindow: (() => void) | null = null;
  /** Writes under way. */
  readonly #writes = new Set<Promise<void>>();

  constructor(options: DenialLogOptions) {
    this.#options = options;
  }

  note(denial: Denial): void {
    this.#endWindow ??= this.#options.clock.after(WINDOW_MS, () => this.#turn());
    const key = [denial.actor, denial.address, denial.status, denial.code].join(' ');
    const known = this.#kinds.get(key);
    if (known) known.repeated += 1;
    else if (this.#kinds.size >= KINDS) this.#others += 1;
    else {
      this.#kinds.set(key, { denial, repeated: 0 });
      this.#write((w, now) => recordDenial(w, denial, {}, now));
    }
  }

  /** Writes what was only counted so far. Resolves when all is stored. */
  async close(): Promise<void> {
    this.#endWindow?.();
    this.#turn();
    await Promise.all(this.#writes);
  }

  #turn(): void {
    const repeated = [...this.#kinds.values()].filter((kind) => kind.repeated > 0);
    const others = this.#others;
    this.#kinds = new Map();
    this.#others = 0;
    this.#endWindow = null;
    if (repeated.length === 0 && others === 0) return;
    this.#write(async (w, now) => {
      for (const { denial, repeated: times } of repeated) await recordDenial(w, denial, { repeated: times }, now);
      if (others === 0) return;
      const many: Actor = { actor: 'nobody', actorName: '', address: '' };
      await recordAudit(w, { ...many, action: 'access.denied', target: 'many', data: { refusals: others } }, now);
    });
  }

  #write(command: (w: WriteHandle, now: number) => Promise<void>): void {
    const { db, clock, report } = this.#options;
    const write = db
      .write((w) => command(w, clock.now()))
      .catch((error: unknown) => report(error, 'noting a refusal in the audit log'))
      .finally(() => this.#writes.delete(write));
    this.#writes.add(write);
  }
}

async function recordDenial(
  w: WriteHandle,
  { request, status, code, ...actor }: Denial,
  more: { repeated?: number },
  now: number,
): Promise<void> {
  await recordAudit(w, { ...actor, action: 'access.denied', target: request, data: { status, code, ...more } }, now);
}
