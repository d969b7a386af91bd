/** What a child process says, on disk: one file and the one before it, so that a chatty process cannot fill the disk. */
import { createWriteStream, existsSync, renameSync, statSync, type WriteStream } from 'node:fs';

const MOST_BYTES = 5 * 1024 * 1024;

export class LogFile {
  readonly #file: string;
  #out: WriteStream;
  #bytes: number;
  #problem: Error | null = null;

  /** The folder must exist. */
  constructor(file: string) {
    this.#file = file;
    this.#bytes = existsSync(file) ? statSync(file).size : 0;
    this.#out = this.#open();
  }

  /** Why nothing is written any more, such as a full disk; null while it is. */
  get problem(): Error | null {
    return this.#problem;
  }

  line(text: string): void {
    if (this.#bytes > MOST_BYTES) this.#turn();
    this.#bytes += Buffer.byteLength(text) + 1;
    this.#out.write(`${text}\n`);
  }

  close(): Promise<void> {
    if (this.#out.closed || this.#out.destroyed) return Promise.resolve();
    return new Promise((resolve) => {
      this.#out.once('close', () => resolve());
      this.#out.end();
    });
  }

  #turn(): void {
    this.#out.end();
    renameSync(this.#file, `${this.#file}.1`);
    this.#bytes = 0;
    this.#out = this.#open();
  }

  #open(): WriteStream {
    const out = createWriteStream(this.#file, { flags: 'a', mode: 0o600 });
    out.on('error', (error) => (this.#problem = error));
    return out;
  }
}
