/** Sends what is in the outbox, in order, as long as the link is up, until each report is answered. */
import type { Clock } from '../../../shared/base/clock.ts';
import type { AckResult, Held } from '../../../shared/protocol/link.ts';
import type { Link } from '../link/link.ts';
import type { Log } from '../log.ts';
import type { Entry, Outbox } from './outbox.ts';

/** Sent and not answered: more would only fill buffers. */
const WINDOW = 64;
const WINDOW_BYTES = 4 * 1024 * 1024;
/** A coordinator that cannot store (full disk) stays silent; everything unanswered is then sent again. */
const ANSWER_MS = 15_000;
const CONGESTED_MS = 50;

export interface SenderOptions {
  outbox: Outbox;
  link: Pick<Link, 'isUp' | 'isCongested' | 'sendText'>;
  clock: Clock;
  log: Log;
  /** The grant is no longer ours. */
  onStale: (held: Held) => void;
}

export class Sender {
  readonly #options: SenderOptions;
  /** Sent on this connection and not answered, with the bytes each takes. */
  readonly #sent = new Map<number, Entry>();
  #sentBytes = 0;
  #pumping = false;
  #again = false;
  #cancelResend = (): void => {};

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  /** Nothing that was sent before counts as sent: the link is new, or went down. */
  restart(): void {
    this.#sent.clear();
    this.#sentBytes = 0;
    this.#cancelResend();
    this.wake();
  }

  /** There may be something to send. */
  wake(): void {
    this.#again = true;
    if (!this.#pumping) void this.#pump();
  }

  answered(id: number, result: AckResult, detail: string | undefined): void {
    const { outbox, log, onStale } = this.#options;
    const entry = this.#sent.get(id);
    // An answer to what another connection sent is as good.
    const held = entry?.held ?? [...outbox.entries()].find((each) => each.id === id)?.held;
    this.#sent.delete(id);
    this.#sentBytes -= entry?.size ?? 0;
    outbox.settle(id);
    if (held && result === 'refused')
      log.error({ id, ...held, detail }, 'the coordinator cannot use a report; it is dropped');
    if (held && result === 'stale') {
      log.debug({ id, ...held, detail }, 'a report came too late');
      onStale(held);
    }
    this.#scheduleResend();
    this.wake();
  }

  async #pump(): Promise<void> {
    this.#pumping = true;
    try {
      while (this.#again) {
        this.#again = false;
        for (let next = this.#next(); next; next = this.#next()) await this.#send(next);
      }
    } catch (error) {
      this.#options.log.error({ err: error }, 'reports could not be read from disk; trying again');
      this.#options.clock.after(1000, () => this.wake());
    } finally {
      this.#pumping = false;
    }
  }

  #next(): Entry | null {
    const { outbox, link, clock } = this.#options;
    if (!link.isUp || this.#sent.size >= WINDOW || this.#sentBytes >= WINDOW_BYTES) return null;
    for (const entry of outbox.entries()) {
      if (entry.after !== null || this.#sent.has(entry.id)) continue;
      if (!link.isCongested) return entry;
      clock.after(CONGESTED_MS, () => this.wake());
      return null;
    }
    return null;
  }

  async #send(entry: Entry): Promise<void> {
    // Before reading, which takes a while: a restart in between forgets it, and it is sent again then.
    this.#sent.set(entry.id, entry);
    this.#sentBytes += entry.size;
    const text = await this.#options.outbox.read(entry.id);
    if (!this.#sent.has(entry.id)) return;
    if (text === null || !this.#options.link.sendText(text)) {
      this.#sent.delete(entry.id);
      this.#sentBytes -= entry.size;
    } else if (this.#sent.size === 1) {
      this.#scheduleResend();
    }
  }

  #scheduleResend(): void {
    const { clock, log } = this.#options;
    this.#cancelResend();
    if (this.#sent.size === 0) return;
    this.#cancelResend = clock.after(ANSWER_MS, () => {
      log.warn({ unanswered: this.#sent.size }, 'the coordinator has not answered reports; sending them again');
      this.restart();
    });
  }
}
