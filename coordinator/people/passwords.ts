/** Hashes and checks passwords with Argon2id (19 MiB, 2 passes, 1 lane), a few at a time: each takes memory and a core. */
import { hash, verify } from '@node-rs/argon2';
import { Refusal } from '../http/refusal.ts';

const AT_ONCE = 2;
/** About three seconds of waiting; more would only be hung on to. */
const WAITING = 100;
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

export class Passwords {
  #running = 0;
  readonly #waiting: (() => void)[] = [];
  /** Of nobody: unknown people are compared with it, so that they take as long as known ones. */
  #nobody: Promise<string> | undefined;

  /** With its salt and parameters, in the usual text form. */
  async hash(password: string): Promise<string> {
    return this.#inTurn(() => hash(password.normalize('NFC'), COST));
  }

  /** `stored` null (nobody, no password, locked): takes its time all the same, and is false. */
  async matches(stored: string | null, password: string): Promise<boolean> {
    const against = stored ?? (await (this.#nobody ??= hash('nobody has this', COST)));
    const same = await this.#inTurn(() => verify(against, password.normalize('NFC')));
    return same && stored !== null;
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    while (this.#running >= AT_ONCE) {
      if (this.#waiting.length >= WAITING) {
        throw new Refusal(503, 'busy', 'Too many people are signing in at this moment. Try again in a few seconds.', {
          headers: { 'retry-after': '5' },
        });
      }
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#running += 1;
    try {
      return await work();
    } finally {
      this.#running -= 1;
      this.#waiting.shift()?.();
    }
  }
}
