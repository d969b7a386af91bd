/** The slow hash of join codes, one at a time: each takes 64 MiB and a core for a moment. */
import { randomInt, scrypt } from 'node:crypto';
import { JOIN_WORDS } from '../../shared/base/join-words.ts';
import { CODE_WORDS, joinCode } from '../../shared/model/join-code.ts';
import { CODE_HASH, hashSalt } from '../../shared/protocol/joining.ts';
import { Refusal } from '../http/refusal.ts';

/** About three seconds of waiting. */
const WAITING = 15;

export const newJoinCode = (): string =>
  joinCode(Array.from({ length: CODE_WORDS }, () => randomInt(JOIN_WORDS.length)));

export class CodeHash {
  #waiting = 0;
  #last: Promise<unknown> = Promise.resolve();

  /** Throws a 503 where too many wait already. */
  hash(code: string, salt: string, pin: string): Promise<Uint8Array<ArrayBuffer>> {
    if (this.#waiting >= WAITING) {
      throw new Refusal(503, 'busy', 'Too many join codes are being made at this moment. Try again in a few seconds.', {
        headers: { 'retry-after': '5' },
      });
    }
    this.#waiting += 1;
    const work = this.#last.then(() => hashCode(code, salt, pin)).finally(() => (this.#waiting -= 1));
    this.#last = work.catch(() => undefined);
    return work;
  }
}

function hashCode(code: string, salt: string, pin: string): Promise<Uint8Array<ArrayBuffer>> {
  const { cost, blockSize, parallelization, bytes } = CODE_HASH;
  const options = { cost, blockSize, parallelization, maxmem: 2 * 128 * cost * blockSize };
  return new Promise((resolve, reject) => {
    scrypt(code, hashSalt(salt, pin), bytes, options, (error, key) =>
      error ? reject(error) : resolve(new Uint8Array(key)),
    );
  });
}
