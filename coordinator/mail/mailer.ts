/** Takes letters within the command that they belong to, and sends them behind it, for as long as it takes. */
import { backoffMs } from '../../shared/base/backoff.ts';
import type { Clock } from '../../shared/base/clock.ts';
import { newId } from '../../shared/base/id.ts';
import type { Database, WriteHandle } from '../storage/database.ts';
import type { Language, Letter } from './letters.ts';
import { addMail, endMail, hasRoom, nextMail, openMail, postponeMail, type WaitingMail } from './outbox.ts';
import { render } from './render.ts';
import { sendMail, SmtpFailure, type SmtpSettings } from './smtp.ts';

const BACKOFF = { baseMs: 30_000, maxMs: 3_600_000 };
/** Without another end, a mail is given up after so long: what it tells is old then. */
const LIFE_MS = 3 * 86_400_000;

/** What rooms need to write to people. */
export interface Post {
  /** A mail server is set up. Without one nothing is written, and links are passed on by hand. */
  readonly isSetUp: boolean;
  /** Whether `post` would take this letter now. */
  mayPost(w: WriteHandle, letter: Pick<Letter, 'kind' | 'to'>, now: number): Promise<boolean>;
  /** False where it is left out: nothing set up, too many waiting, or too many of them to one person. */
  post(w: WriteHandle, letter: Letter, now: number): Promise<boolean>;
  /** Where a page of ours is, as mails name it: never by what a request claims. `secret` goes behind `#`, so that it reaches no server log. */
  link(page: string, secret?: string): string;
}

export interface MailerOptions {
  db: Database;
  clock: Clock;
  random: () => number;
  /** null: not set up. Asked at each mail. */
  smtp: () => SmtpSettings | null;
  language: () => Language;
  /** Of the coordinator, without a slash at its end. */
  url: () => string;
  /** Seals what waits. */
  key: Uint8Array;
  report: (error: unknown, during: string) => void;
}

export class Mailer implements Post {
  readonly #options: MailerOptions;
  #running: Promise<void> | null = null;
  #cancel = (): void => {};
  /** Somebody asked to look while it was looking. */
  #again = false;
  readonly #stop = new AbortController();
  /** Times in a row that the server could not be used, and until when it is left alone (monotonic). */
  #outages = 0;
  #pausedUntil = 0;
  /** Of the server itself, since it last took a mail. */
  #lastError: { at: number; message: string } | null = null;

  constructor(options: MailerOptions) {
    this.#options = options;
  }

  get isSetUp(): boolean {
    return this.#options.smtp() !== null;
  }

  get lastError(): { at: number; message: string } | null {
    return this.#lastError;
  }

  link(page: string, secret?: string): string {
    return `${this.#options.url()}/${page}${secret === undefined ? '' : `#token=${secret}`}`;
  }

  async mayPost(w: WriteHandle, { kind, to }: Pick<Letter, 'kind' | 'to'>, now: number): Promise<boolean> {
    return this.isSetUp && hasRoom(w, kind, to.email, now);
  }

  async post(w: WriteHandle, letter: Letter, now: number): Promise<boolean> {
    if (!(await this.mayPost(w, letter, now))) return false;
    const content = render(letter, letter.to.language ?? this.#options.language());
    const mail = {
      kind: letter.kind,
      recipient: letter.to.email,
      content,
      expiresAt: letter.expiresAt ?? now + LIFE_MS,
    };
    await addMail(w, mail, this.#options.key, now);
    w.afterCommit(() => this.wake());
    return true;
  }

  /** One that somebody waits for: not queued, tried once. @throws SmtpFailure. */
  async sendNow(letter: Letter, smtp: SmtpSettings): Promise<void> {
    const { clock, language } = this.#options;
    const content = render(letter, letter.to.language ?? language());
    await sendMail(smtp, { id: newId(clock.now()), recipient: letter.to.email, content }, this.#stop.signal);
    this.#recovered();
    this.wake();
  }

  /** Looks at the queue: at the start, with each new letter, and when the settings change. */
  wake(): void {
    if (this.#stop.signal.aborted) return;
    this.#again = true;
    this.#running ??= this.#run()
      .catch((error: unknown) => {
        this.#options.report(error, 'sending mails');
        return this.#options.clock.monotonic() + BACKOFF.baseMs;
      })
      .then((until) => {
        this.#running = null;
        if (this.#again) this.wake();
        else this.#plan(until);
      });
  }

  /** What the settings say may mend what failed: nothing is waited for any longer. */
  retryNow(): void {
    this.#recovered();
    this.wake();
  }

  /** A mail that is being sent is broken off, and sent again at the next start. */
  async stop(): Promise<void> {
    this.#stop.abort(new Error('the coordinator stops'));
    this.#cancel();
    await this.#running;
  }

  /** Sends what is due. Returns when to look again (monotonic); null: when there is something new. */
  async #run(): Promise<number | null> {
    const { db, clock, smtp } = this.#options;
    for (;;) {
      this.#again = false;
      const settings = smtp();
      if (this.#stop.signal.aborted || settings === null) return null;
      if (this.#pausedUntil > clock.monotonic()) return this.#pausedUntil;
      const next = await db.read(nextMail);
      if (!next) return null;
      const waitMs = next.next_try_at - clock.now();
      if (waitMs > 0) return clock.monotonic() + waitMs;
      await this.#send(next, settings);
    }
  }

  async #send(mail: WaitingMail, settings: SmtpSettings): Promise<void> {
    const { db, clock, key } = this.#options;
    const content = openMail(mail, key);
    const why =
      content === null ? 'was sealed with another key' : mail.expires_at <= clock.now() ? 'was not sent in time' : null;
    if (content === null || why !== null) return db.write((w) => endMail(w, mail.id, why, clock.now()));
    try {
      await sendMail(settings, { id: mail.id, recipient: mail.recipient, content }, this.#stop.signal);
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      if (!(error instanceof SmtpFailure)) throw error;
      return this.#failed(mail, error);
    }
    this.#recovered();
    await db.write((w) => endMail(w, mail.id, null, clock.now()));
  }

  async #failed(mail: WaitingMail, { what, message }: SmtpFailure): Promise<void> {
    const { db, clock, random, report } = this.#options;
    if (what === 'never') return db.write((w) => endMail(w, mail.id, message, clock.now()));
    if (what === 'server') {
      this.#outages += 1;
      this.#pausedUntil = clock.monotonic() + backoffMs(BACKOFF, this.#outages, random);
      if (this.#lastError?.message !== message) report(new Error(message), 'reaching the mail server');
      this.#lastError = { at: clock.now(), message };
    }
    // While the server is away all wait, in their order; what it does not want now makes way for others.
    const nextTryAt = what === 'server' ? null : clock.now() + backoffMs(BACKOFF, mail.tries + 1, random);
    await db.write((w) => postponeMail(w, mail.id, message, nextTryAt));
  }

  #recovered(): void {
    this.#outages = 0;
    this.#pausedUntil = 0;
    this.#lastError = null;
  }

  #plan(until: number | null): void {
    this.#cancel();
    if (until === null || this.#stop.signal.aborted) return;
    // Timers take no more than 24 days.
    const ms = Math.min(Math.max(0, until - this.#options.clock.monotonic()), 86_400_000);
    this.#cancel = this.#options.clock.after(ms, () => this.wake());
  }
}
