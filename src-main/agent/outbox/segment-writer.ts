/** Appends to the outbox's newest file: many appends, one write and one fsync. */
import { open, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '../../../shared/base/clock.ts';
import { syncFolder } from '../atomic-file.ts';
import { segmentName } from './segment.ts';

const RETRY_MS = 1000;
/** A new file is begun when the current one is larger. */
const SEGMENT_BYTES = 1024 * 1024;

export interface Place {
  segment: number;
  start: number;
  length: number;
}

interface Append {
  bytes: Buffer;
  /** Must be on disk before it counts. */
  durable: boolean;
  firstId: number;
  done: (place: Place) => void;
}

export interface WriterOptions {
  folder: string;
  clock: Clock;
  /** Told each time that the disk does not take what it is given, and null when it does again. */
  onTrouble: (reason: string | null) => void;
}

export class SegmentWriter {
  readonly #options: WriterOptions;
  #segment: number;
  #size: number;
  #file: FileHandle | null = null;
  #queue: Append[] = [];
  #pumping: Promise<void> | null = null;
  #troubled = false;
  #closed = false;

  /** Goes on at `size` of the file of `segment`; what lies behind is cut off. */
  constructor(options: WriterOptions, segment: number, size: number) {
    this.#options = options;
    this.#segment = segment;
    this.#size = size;
  }

  get segment(): number {
    return this.#segment;
  }

  get size(): number {
    return this.#size;
  }

  /** Resolves when it is written, and on disk where `durable`. Trying goes on until the disk takes it. `firstId` names a file begun by it. */
  append(bytes: Buffer, durable: boolean, firstId: number): Promise<Place> {
    if (this.#closed) return Promise.reject(new Error('the outbox is closed'));
    return new Promise((done) => {
      this.#queue.push({ bytes, durable, firstId, done });
      this.#pumping ??= this.#pump().finally(() => (this.#pumping = null));
    });
  }

  /** Begins a new file with the next append. */
  rotate(): void {
    this.#size = Number.POSITIVE_INFINITY;
  }

  /** Resolves when all appends are written, or tried once more in vain. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#pumping;
    await this.#file?.close();
    this.#file = null;
  }

  async #pump(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#queue;
      this.#queue = [];
      try {
        await this.#write(batch);
        this.#trouble(null);
      } catch (error) {
        this.#queue = [...batch, ...this.#queue];
        this.#trouble((error as Error).message);
        // The file may end in half a line now: opening it again cuts that off.
        await this.#file?.close().catch(() => undefined);
        this.#file = null;
        if (this.#closed) return;
        await new Promise<void>((resolve) => this.#options.clock.after(RETRY_MS, resolve));
      }
    }
  }

  async #write(batch: Append[]): Promise<void> {
    const file = await this.#openFile(batch[0]?.firstId ?? 0);
    const all = Buffer.concat(batch.map(({ bytes }) => bytes));
    for (let at = 0; at < all.length;) {
      at += (await file.write(all, at, all.length - at, this.#size + at)).bytesWritten;
    }
    if (batch.some(({ durable }) => durable)) await file.datasync();
    for (const { bytes, done } of batch) {
      done({ segment: this.#segment, start: this.#size, length: bytes.length });
      this.#size += bytes.length;
    }
  }

  async #openFile(firstId: number): Promise<FileHandle> {
    const { folder } = this.#options;
    if (this.#size >= SEGMENT_BYTES && firstId > this.#segment) {
      await this.#file?.close();
      this.#file = null;
      this.#segment = firstId;
      this.#size = 0;
    }
    if (this.#file) return this.#file;
    const file = await open(path.join(folder, segmentName(this.#segment)), 'a+');
    await file.close();
    const writable = await open(path.join(folder, segmentName(this.#segment)), 'r+');
    await writable.truncate(this.#size);
    await syncFolder(folder);
    this.#file = writable;
    return writable;
  }

  #trouble(reason: string | null): void {
    if (reason === null && !this.#troubled) return;
    this.#troubled = reason !== null;
    this.#options.onTrouble(reason);
  }
}
