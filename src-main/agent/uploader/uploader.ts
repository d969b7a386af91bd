/**
 * Brings stashed bytes to the coordinator in the background, for as long as it takes: the stash's folder is the queue, so nothing is
 * forgotten by a restart. Blob reports go first, because the end of their attempt waits for them.
 */
import { createReadStream } from 'node:fs';
import { backoffMs } from '../../../shared/base/backoff.ts';
import type { Clock } from '../../../shared/base/clock.ts';
import type { BlobClient } from '../../transfer/blob-client.ts';
import { uploadBlobs } from '../../transfer/upload-blobs.ts';
import type { Log } from '../log.ts';
import type { Stash, Stashed } from './stash.ts';

export interface UploaderOptions {
  stash: Stash;
  client: BlobClient;
  clock: Clock;
  log: Log;
  /** The coordinator has it, or it can never have it (its bytes were damaged here): whatever waits for it may go on. */
  onDone: (sha256: string) => void;
  /** An urgent one has failed for `giveUpMs`; trying goes on. */
  onHopeless: (sha256: string) => void;
  giveUpMs?: number;
}

interface Waiting extends Stashed {
  urgent: boolean;
  failures: number;
  notBefore: number;
  firstFailure: number | null;
}

const BATCH = 64;
const BACKOFF = { baseMs: 1000, maxMs: 120_000 };
const GIVE_UP_MS = 10 * 60_000;

export class Uploader {
  readonly #options: UploaderOptions;
  readonly #waiting = new Map<string, Waiting>();
  readonly #stop = new AbortController();
  #running: Promise<void> | null = null;
  #idle: (() => void)[] = [];
  #cancelWake = (): void => {};

  constructor(options: UploaderOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#waiting.size;
  }

  has(sha256: string): boolean {
    return this.#waiting.has(sha256);
  }

  add(stashed: Stashed, urgent = false): void {
    const known = this.#waiting.get(stashed.sha256);
    this.#waiting.set(stashed.sha256, {
      ...stashed,
      failures: 0,
      notBefore: 0,
      firstFailure: null,
      ...known,
      urgent: urgent || (known?.urgent ?? false),
    });
    this.wake();
  }

  /** Something may go now that could not before: the coordinator is back. */
  retryNow(): void {
    for (const each of this.#waiting.values()) each.notBefore = 0;
    this.wake();
  }

  wake(): void {
    if (this.#stop.signal.aborted) return;
    this.#running ??= this.#run().finally(() => {
      this.#running = null;
      this.#plan();
    });
  }

  /** Resolves when nothing is waiting. */
  async done(): Promise<void> {
    if (this.#waiting.size > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  async close(): Promise<void> {
    this.#stop.abort(new Error('the agent stops'));
    this.#cancelWake();
    await this.#running;
  }

  async #run(): Promise<void> {
    for (let batch = this.#due(); batch.length > 0 && !this.#stop.signal.aborted; batch = this.#due())
      await this.#upload(batch);
  }

  #due(): Waiting[] {
    const now = this.#options.clock.monotonic();
    const due = [...this.#waiting.values()].filter((each) => each.notBefore <= now);
    due.sort((a, b) => Number(b.urgent) - Number(a.urgent) || a.failures - b.failures);
    // What has failed goes alone, so that it cannot take others down with it.
    return due
      .slice(0, (due[0]?.failures ?? 0) > 0 ? 1 : BATCH)
      .filter((each, _, [first]) => each.failures === first?.failures);
  }

  async #upload(batch: Waiting[]): Promise<void> {
    const { stash, client, log } = this.#options;
    const sources = batch.map(({ sha256, size }) => ({
      sha256,
      size,
      open: () => createReadStream(stash.fileOf(sha256)),
    }));
    try {
      const { changed } = await uploadBlobs(client, sources, { signal: this.#stop.signal });
      for (const sha256 of changed)
        log.error({ sha256 }, 'a file was damaged on disk before it could be uploaded; it is lost');
      for (const { sha256 } of batch) await this.#finished(sha256);
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      const { code, path: file } = error as NodeJS.ErrnoException;
      const gone = code === 'ENOENT' && batch.find(({ sha256 }) => file === stash.fileOf(sha256));
      if (gone) {
        log.error({ sha256: gone.sha256 }, 'a file that was to be uploaded is gone; it is lost');
        await this.#finished(gone.sha256);
      } else this.#failed(batch, error as Error);
    }
  }

  async #finished(sha256: string): Promise<void> {
    await this.#options.stash.remove(sha256);
    this.#waiting.delete(sha256);
    this.#options.onDone(sha256);
    if (this.#waiting.size === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }

  #failed(batch: Waiting[], error: Error): void {
    const { clock, log, onHopeless, giveUpMs = GIVE_UP_MS } = this.#options;
    const now = clock.monotonic();
    for (const each of batch) {
      each.failures += 1;
      each.firstFailure ??= now;
      each.notBefore = now + backoffMs(BACKOFF, each.failures, Math.random);
      if (each.urgent && now - each.firstFailure >= giveUpMs) {
        each.urgent = false;
        onHopeless(each.sha256);
      }
    }
    log.warn(
      { files: batch.length, waiting: this.#waiting.size, problem: error.message },
      'files could not be uploaded; trying again',
    );
  }

  #plan(): void {
    this.#cancelWake();
    if (this.#waiting.size === 0 || this.#stop.signal.aborted) return;
    const next = Math.min(...[...this.#waiting.values()].map((each) => each.notBefore));
    this.#cancelWake = this.#options.clock.after(Math.max(0, next - this.#options.clock.monotonic()), () =>
      this.wake(),
    );
  }
}
