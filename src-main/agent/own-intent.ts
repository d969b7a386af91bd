/**
 * What this machine itself wants of its intent. The coordinator keeps one intent per worker; ours goes over `active` only, so that what
 * an admin has set stays, and is taken back by us alone: a file remembers across restarts that it was ours.
 */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { AgentMessage, CoordinatorMessage } from '../../shared/protocol/link.ts';
import { writeAtomically } from './atomic-file.ts';

export type Intent = Extract<CoordinatorMessage, { type: 'intent' }>['intent'];
type Wish = { intent: 'paused' | 'draining'; reason: string };

export class OwnIntent {
  readonly #file: string;
  readonly #send: (message: AgentMessage) => boolean;
  #known: Intent = 'active';
  #wish: Wish | null = null;
  /** The coordinator's intent is one that we have asked for. */
  #isOurs: boolean;

  /** `file` exists while the coordinator's intent is ours. */
  constructor(file: string, send: (message: AgentMessage) => boolean) {
    this.#file = file;
    this.#send = send;
    this.#isOurs = existsSync(file);
  }

  /** Why nothing new may begin; null where it may. */
  get whyNot(): string | null {
    if (this.#wish) return this.#wish.reason;
    return this.#known === 'active' || this.#isOurs ? null : `the worker is ${this.#known} on the coordinator`;
  }

  /** What the coordinator says. */
  async learn(intent: Intent): Promise<void> {
    this.#known = intent;
    if (intent === 'active' && this.#isOurs && !this.#wish) await this.#setOurs(false);
    await this.#agree();
  }

  /** What the machine wants now; null: nothing against work. */
  async want(wish: Wish | null): Promise<void> {
    const isSame = this.#wish?.intent === wish?.intent && this.#wish?.reason === wish?.reason;
    this.#wish = wish;
    if (!isSame) await this.#agree();
  }

  async #agree(): Promise<void> {
    if (this.#wish && this.#known !== this.#wish.intent && (this.#known === 'active' || this.#isOurs)) {
      await this.#setOurs(true);
      this.#send({ type: 'intent', ...this.#wish });
    } else if (!this.#wish && this.#isOurs && this.#known !== 'active') {
      this.#send({ type: 'intent', intent: 'active', reason: 'the machine takes work again' });
    }
  }

  async #setOurs(isOurs: boolean): Promise<void> {
    this.#isOurs = isOurs;
    if (isOurs) await writeAtomically(this.#file, '');
    else await rm(this.#file, { force: true });
  }
}
