/** What an attempt prints, on its way to live readers: bounded in memory and in rate, cut where it is too much, lost where the link is. */
import type { Clock } from '../../../shared/base/clock.ts';
import type { AgentMessage, Held } from '../../../shared/protocol/link.ts';

export type LogStreamName = Extract<AgentMessage, { type: 'log' }>['stream'];

/** Between two flushes, where the coordinator has not asked for another pace. */
export const LOG_MS = 200;
/** UTF-16 units a flush may send: about 320 KB a second at the usual pace. */
const PER_FLUSH = 64 * 1024;
/** Waiting to be sent; beyond it the oldest goes. */
const KEPT = 256 * 1024;

export class LogStream {
  readonly #held: Held;
  readonly #clock: Clock;
  readonly #send: (message: AgentMessage) => boolean;
  readonly #everyMs: () => number;
  #seq = 0;
  #waiting: { stream: LogStreamName; text: string }[] = [];
  #length = 0;
  #dropped = 0;
  #isScheduled = false;
  #cancel = (): void => {};

  /** `send` returns false where the message did not go out: it is then tried again. `everyMs`: the pace, asked for each time. */
  constructor(held: Held, clock: Clock, send: (message: AgentMessage) => boolean, everyMs: () => number) {
    this.#held = held;
    this.#clock = clock;
    this.#send = send;
    this.#everyMs = everyMs;
  }

  write(stream: LogStreamName, text: string): void {
    const last = this.#waiting.at(-1);
    if (last?.stream === stream) last.text += text;
    else this.#waiting.push({ stream, text });
    this.#length += text.length;
    while (this.#length > KEPT) this.#dropOldest(this.#length - KEPT);
    this.#schedule();
  }

  /** What is left, as far as it still goes out; nothing is sent after it. */
  end(): void {
    this.#cancel();
    this.#isScheduled = true;
    this.#flush(KEPT);
  }

  #dropOldest(count: number): void {
    const [oldest] = this.#waiting;
    if (!oldest) return;
    const cut = Math.min(count, oldest.text.length);
    oldest.text = oldest.text.slice(cut);
    if (oldest.text === '') this.#waiting.shift();
    this.#length -= cut;
    this.#dropped += cut;
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#cancel = this.#clock.after(this.#everyMs(), () => {
      this.#isScheduled = false;
      this.#flush(PER_FLUSH);
      if (this.#waiting.length > 0) this.#schedule();
    });
  }

  #flush(most: number): void {
    if (this.#dropped > 0) {
      if (!this.#sendPart('agent', `[… ${this.#dropped} characters of output are not shown …]\n`)) return;
      this.#dropped = 0;
    }
    for (let left = most; left > 0;) {
      const [next] = this.#waiting;
      if (!next) return;
      const part = next.text.slice(0, Math.min(left, PER_FLUSH));
      if (!this.#sendPart(next.stream, part)) return;
      next.text = next.text.slice(part.length);
      if (next.text === '') this.#waiting.shift();
      this.#length -= part.length;
      left -= part.length;
    }
  }

  #sendPart(stream: LogStreamName, text: string): boolean {
    const isSent = this.#send({ type: 'log', ...this.#held, seq: this.#seq, stream, text });
    if (isSent) this.#seq += 1;
    return isSent;
  }
}
