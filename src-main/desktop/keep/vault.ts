/**
 * Where passwords and keys of the app lie: encrypted by the system, one file. Where the system has no safe place, nothing is written; the owner
 * decides whether they are held in memory until the app ends.
 */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { parseJson } from '../../../shared/base/parse-json.ts';
import type { SecretsState } from '../../../shared/protocol/desktop/state.ts';
import { writeAtomically } from '../../agent/atomic-file.ts';

/** What the system offers (electron/safe-storage.ts). */
export interface Cipher {
  /** null: safe; else why not, in words. */
  whyUnsafe(): Promise<string | null>;
  encrypt(text: string): Promise<Buffer>;
  /** `again`: encrypt it anew, the key has changed. */
  decrypt(bytes: Buffer): Promise<{ text: string; again: boolean }>;
}

const stored = z.strictObject({ version: z.literal(1), items: z.record(z.string(), z.base64()) });

/** Nothing was kept, because the owner has not decided yet. */
export class NotKept extends Error {
  override readonly name = 'NotKept';
}

export interface VaultOptions {
  file: string;
  cipher: Cipher;
  /** The owner's decision of an earlier start. */
  inMemory: boolean;
  report: (error: unknown, during: string) => void;
}

export class Vault {
  readonly #options: VaultOptions;
  readonly #items = new Map<string, string>();
  #state: SecretsState;
  #writing: Promise<void> = Promise.resolve();

  static async open(options: VaultOptions): Promise<Vault> {
    const reason = await options.cipher.whyUnsafe();
    const kept = reason === null ? 'safe' : options.inMemory ? 'session' : 'refused';
    const vault = new Vault(options, { kept, reason });
    if (reason === null) await vault.#read();
    return vault;
  }

  private constructor(options: VaultOptions, state: SecretsState) {
    this.#options = options;
    this.#state = state;
  }

  get state(): SecretsState {
    return this.#state;
  }

  /** The owner's answer where there is no safe place. */
  keepInMemory(): void {
    if (this.#state.kept === 'refused') this.#state = { ...this.#state, kept: 'session' };
  }

  get(name: string): string | null {
    return this.#items.get(name) ?? null;
  }

  /** null forgets it. @throws NotKept where the owner has not decided. */
  async set(name: string, value: string | null): Promise<void> {
    if (value === null) {
      if (!this.#items.delete(name)) return;
    } else {
      if (this.#state.kept === 'refused') throw new NotKept(this.#state.reason ?? '');
      this.#items.set(name, value);
    }
    if (this.#state.kept === 'safe') await this.#write();
  }

  async #read(): Promise<void> {
    const { file, cipher, report } = this.#options;
    const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    });
    if (text === null) return;
    const parsed = stored.safeParse(parseJson(text));
    if (!parsed.success) return report(parsed.error, 'reading what was kept safely');
    let isOld = false;
    for (const [name, base64] of Object.entries(parsed.data.items)) {
      try {
        const { text: value, again } = await cipher.decrypt(Buffer.from(base64, 'base64'));
        this.#items.set(name, value);
        isOld ||= again;
      } catch (error) {
        // The key of this system is another one now: what it locked is lost, and asked for anew.
        report(error, `opening ${name}`);
        isOld = true;
      }
    }
    if (isOld) await this.#write();
  }

  /** One after the other, each with all that is known by then. */
  #write(): Promise<void> {
    const { file, cipher } = this.#options;
    const writing = this.#writing
      .catch(() => undefined)
      .then(async () => {
        const items: Record<string, string> = {};
        for (const [name, value] of this.#items) items[name] = (await cipher.encrypt(value)).toString('base64');
        await writeAtomically(file, `${JSON.stringify({ version: 1, items })}\n`);
      });
    this.#writing = writing;
    return writing;
  }
}
