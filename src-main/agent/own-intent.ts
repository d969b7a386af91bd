/**
 * What this machine itself wants of its intent. The coordinator keeps one intent per worker; ours goes over `active` only, so that what
 * an admin has set stays, and is taken back by us alone: a file remembers across restarts which one was ours.
 */
import { existsSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { AgentMessage, CoordinatorMessage } from '../../shared/protocol/link.ts';
import { writeAtomically } from './atomic-file.ts';
import type { Log } from './log.ts';

export type Intent = Extract<CoordinatorMessage, { type: 'intent' }>['intent'];
type Wish = { intent: 'paused' | 'draining'; reason: string };

export class OwnIntent {
  readonly #file: string;
  readonly #send: (message: AgentMessage) => boolean;
  readonly #log: Log;
  #known: Intent = 'active';
  #wish: Wish | null = null;
  /** The reason that was sent last, while the wish behind it stands. */
  #told = '';
  /** What the coordinator has set because we asked; '' where it has not. */
  #ours: string;
  #saving: Promise<void> = Promise.resolve();

  /** `file` holds the intent that is ours. */
  constructor(file: string, send: (message: AgentMessage) => boolean, log: Log) {
    this.#file = file;
    this.#log = log;
    this.#send = send;
    this.#ours = existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
  }

  /** Why nothing new may begin; null where it may. */
  get whyNot(): string | null {
    if (this.#wish) return this.#wish.reason;
    return this.#known === 'active' || this.#known === this.#ours
      ? null
      : `the worker is ${this.#known} on the coordinator`;
  }

  /** What the coordinator says. */
  async learn(intent: Intent): Promise<void> {
    this.#known = intent;
    if (intent === this.#wish?.intent) await this.#setOurs(intent);
    else if (intent === 'active' ? !this.#wish : intent !== this.#ours) await this.#setOurs('');
    await this.#agree();
  }

  /** What the machine wants now; null: nothing against work. */
  async want(wish: Wish | null): Promise<void> {
    const isSame = this.#wish?.intent === wish?.intent && this.#wish?.reason === wish?.reason;
    this.#wish = wish;
    if (!isSame) await this.#agree();
  }

  async #agree(): Promise<void> {
    const mayChange = this.#known === 'active' || this.#known === this.#ours;
    const isNew = this.#known !== this.#wish?.intent || this.#told !== this.#wish.reason;
    if (this.#wish && mayChange && isNew) {
      const wish = this.#wish;
      // Before it is said: a restart must find out that it was ours.
      await this.#setOurs(wish.intent);
      if (this.#send({ type: 'intent', ...wish })) this.#told = wish.reason;
    } else if (!this.#wish && this.#known !== 'active' && this.#known === this.#ours) {
      this.#send({ type: 'intent', intent: 'active', reason: 'the machine takes work again' });
    }
  }

  async #setOurs(intent: string): Promise<void> {
    if (intent === this.#ours) return;
    this.#ours = intent;
    const file = this.#file;
    this.#saving = this.#saving
      .then(() => (intent === '' ? rm(file, { force: true }) : writeAtomically(file, intent)))
      .catch((error: unknown) => {
        // Only after a restart does it matter: an admin then has to set the worker to active.
        this.#log.warn({ err: error }, "the machine's own intent could not be noted");
      });
    await this.#saving;
  }
}
