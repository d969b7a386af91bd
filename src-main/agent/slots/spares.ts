/**
 * A process booted ahead: while a run works here and memory allows, one more Playwright process loads its suite and waits, so that the next
 * task of the run on this machine begins at once. One at a time, and only for suites that say that nothing of them runs before the order.
 */
import type { Clock } from '../../../shared/base/clock.ts';
import type { Log } from '../log.ts';
import type { BootedAhead } from '../playwright/run-process.ts';

/** A process that ends sooner has left no time to gain: the boot would cost more than the next start. */
const BOOT_AFTER_MS = 5_000;
/** A waiting process takes 120 MB and more; the suite's own browsers come first. */
const FREE_BYTES = 1024 ** 3;
/** For how long it waits for a task when nothing of its run works here any more. */
const KEEP_MS = 5_000;

export interface Spare {
  process: BootedAhead;
  /** Lets go of its ports, its folder and the checkout; to be called when nothing of it runs. */
  release(): Promise<void>;
}

/** One process that works for a run. */
export interface SpareUser {
  /** Another one could be booted ahead, by `boot`. */
  canBoot(boot: () => Promise<Spare>): void;
  end(): void;
}

export interface SparesOptions {
  clock: Clock;
  log: Log;
  /** Bytes. */
  freeMemory: () => number;
}

export class Spares {
  readonly #options: SparesOptions;
  readonly #users = new Map<string, number>();
  #spare: { key: string; spare: Spare } | null = null;
  #booting: Promise<void> | null = null;
  #isClosed = false;

  constructor(options: SparesOptions) {
    this.#options = options;
  }

  /** `key`: all that the process was started with. Null where none is ready. */
  take(key: string): Spare | null {
    if (this.#spare?.key !== key) return null;
    const { spare } = this.#spare;
    this.#spare = null;
    if (spare.process.isFree) {
      this.#options.log.debug('the process that waited takes the task');
      return spare;
    }
    this.#discard(spare);
    return null;
  }

  /** To be called for each process that starts, before or after take(). */
  join(key: string): SpareUser {
    const { clock } = this.#options;
    this.#users.set(key, (this.#users.get(key) ?? 0) + 1);
    let cancel = (): void => {};
    return {
      canBoot: (boot) => {
        cancel = clock.after(BOOT_AFTER_MS, () => this.#boot(key, boot));
      },
      end: () => {
        cancel();
        const left = (this.#users.get(key) ?? 1) - 1;
        if (left > 0) this.#users.set(key, left);
        else {
          this.#users.delete(key);
          clock.after(KEEP_MS, () => this.#dropUnless(key));
        }
      },
    };
  }

  /** The run is being stopped here: nothing waits for its next task. Resolves when no such process is left. */
  async drop(key: string): Promise<void> {
    this.#users.delete(key);
    await this.#booting;
    if (this.#spare?.key !== key) return;
    const { spare } = this.#spare;
    this.#spare = null;
    await this.#end(spare);
  }

  /** Nothing is to begin here for now: the memory is given back. */
  async dropAll(): Promise<void> {
    this.#users.clear();
    await this.#booting;
    const spare = this.#spare;
    if (spare) await this.drop(spare.key);
  }

  /** Resolves when no process of it is left. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#booting;
    const left = this.#spare?.spare;
    this.#spare = null;
    if (left) await this.#end(left);
  }

  #boot(key: string, boot: () => Promise<Spare>): void {
    const { freeMemory, log } = this.#options;
    if (this.#isClosed || !this.#users.has(key) || this.#spare || this.#booting || freeMemory() < FREE_BYTES) return;
    this.#booting = boot()
      .then((spare) => {
        if (this.#isClosed || !this.#users.has(key)) return this.#end(spare);
        this.#spare = { key, spare };
        log.debug('a process waits for the next task of its run');
        return undefined;
      })
      .catch((error: unknown) => log.warn({ err: error }, 'no process could be booted ahead'))
      .finally(() => (this.#booting = null));
  }

  #dropUnless(key: string): void {
    if (this.#users.has(key) || this.#spare?.key !== key) return;
    const { spare } = this.#spare;
    this.#spare = null;
    this.#discard(spare);
  }

  #discard(spare: Spare): void {
    void this.#end(spare);
  }

  async #end(spare: Spare): Promise<void> {
    try {
      await spare.process.stop();
      await spare.release();
    } catch (error) {
      this.#options.log.warn(
        { err: error },
        'a process that was booted ahead could not be ended; it is killed at the next start',
      );
    }
  }
}
