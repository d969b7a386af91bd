/** Carries out what an agent says once it is greeted. */
import type { AgentMessage, CoordinatorMessage, Held, Report } from '../../../shared/protocol/link.ts';
import type { WriteHandle } from '../../storage/database.ts';
import type { Hello } from '../connect-worker.ts';
import type { Connected } from '../fleet.ts';
import { renewLeases } from '../renew-leases.ts';
import { saveOwnTags } from '../../workers/save-tags.ts';
import type { LinkOptions } from './options.ts';

/** Whose messages they are. */
interface Speaker {
  workerId: string;
  profile: Connected['profile'];
  /** Reads its settings again. */
  refresh(): Promise<void>;
  /** How many of its slots its machine lends from now on; null: all. */
  lends(slots: number | null): void;
  send(message: CoordinatorMessage): void;
  /** So many bytes have come of it; what it returns says that they are carried out. */
  took(bytes: number): () => void;
}

export class CarryingOut {
  readonly #session: Speaker;
  readonly #options: LinkOptions;
  /** The newest heartbeat, while one waits to be stored: it stands for those that came meanwhile. */
  #heartbeat: Extract<AgentMessage, { type: 'heartbeat' }> | null = null;

  constructor(session: Speaker, options: LinkOptions) {
    this.#session = session;
    this.#options = options;
  }

  /** `size`: of its frame, about. */
  carryOut(message: Exclude<AgentMessage, Hello>, size: number): void {
    const { clock, settings, onHeartbeat, onIntent, onLog, onProgress, wake } = this.#options;
    const { workerId } = this.#session;
    switch (message.type) {
      case 'offer':
        this.#session.lends(message.lent ?? null);
        wake();
        return;
      case 'report':
        void this.#report(message.id, message.report).finally(this.#session.took(size));
        return;
      case 'progress':
        onProgress(workerId, message);
        return;
      case 'log':
        onLog(workerId, message);
        return;
      case 'heartbeat':
        if (this.#heartbeat === null) {
          void this.#store('heartbeat', size, async (w) => {
            const { held, metrics } = this.#heartbeat ?? message;
            this.#heartbeat = null;
            await renewLeases(w, workerId, fences(held), settings().leaseMs, clock.now());
            await onHeartbeat(w, workerId, metrics, held.length, clock.now());
          }).finally(() => (this.#heartbeat = null));
        }
        this.#heartbeat = message;
        return;
      case 'capabilities':
        void this.#store('capabilities', size, async (w) => {
          const capabilities = JSON.stringify({ ...message.capabilities, slots: this.#session.profile.slots });
          await w.run('UPDATE workers SET capabilities = ? WHERE id = ?', [capabilities, workerId]);
          await saveOwnTags(w, workerId, message.tags);
          w.afterCommit(() => void this.#session.refresh());
        });
        return;
      case 'intent':
        void this.#store('intent', size, async (w) => {
          await onIntent(w, workerId, message.intent, message.reason, clock.now());
          w.afterCommit(() => void this.#session.refresh());
        });
        return;
    }
  }

  async #report(id: number, report: Report): Promise<void> {
    const { reports, log } = this.#options;
    try {
      const answer = await reports.add(this.#session.workerId, report);
      this.#session.send({ type: 'ack', id, ...answer });
    } catch (error) {
      // Not acknowledged: the agent keeps it and sends it again (full disk, restart).
      log.warn(
        { workerId: this.#session.workerId, kind: report.kind, error: String(error) },
        'a report could not be stored',
      );
    }
  }

  #store(what: string, size: number, command: (w: WriteHandle) => Promise<void>): Promise<void> {
    const { db, log } = this.#options;
    return db
      .write(command)
      .catch((error: unknown) =>
        log.warn({ workerId: this.#session.workerId, what, error: String(error) }, 'could not be stored'),
      )
      .finally(this.#session.took(size));
  }
}

const fences = (held: readonly Held[]) => held.map((grant) => grant.fence);
