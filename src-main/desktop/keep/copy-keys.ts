/** The keys of this computer's warm copies, one per coordinator, in the system's safe storage. Where there is none, a file beside the copy holds it. */
import { newCopyKey } from '../../agent/offline/copy-key.ts';
import type { Vault } from './vault.ts';

export interface CopyKeysDeps {
  vault: Vault;
  report: (error: unknown, during: string) => void;
}

const nameOf = (coordinatorId: string): string => `copy key ${coordinatorId}`;

export class CopyKeys {
  readonly #deps: CopyKeysDeps;
  #working: Promise<unknown> = Promise.resolve();

  constructor(deps: CopyKeysDeps) {
    this.#deps = deps;
  }

  /** Made where there is none, and on the disk before it is given: nothing may be sealed with a key that can be lost. null: a file is to hold it. */
  of(id: string): Promise<string | null> {
    const asked = this.#working.then(() => this.#find(id));
    this.#working = asked;
    return asked;
  }

  /** After the copy is gone. */
  forget(id: string): Promise<void> {
    return this.#deps.vault.set(nameOf(id), null);
  }

  /** Never rejects. */
  async #find(id: string): Promise<string | null> {
    const { vault, report } = this.#deps;
    if (vault.state.kept !== 'safe') return null;
    const name = nameOf(id);
    const known = vault.get(name);
    if (known !== null) return known;
    const made = newCopyKey();
    try {
      await vault.set(name, made);
      return made;
    } catch (error) {
      report(error, 'keeping the key of the copy safely');
      await vault.set(name, null).catch((again: unknown) => report(again, 'forgetting the key of the copy'));
      return null;
    }
  }
}
