/** The owner's own pause, on disk: a restart of the machine does not end it. */
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { writeAtomically } from '../atomic-file.ts';
import type { Log } from '../log.ts';

/** `until` null: until the owner takes it back. Milliseconds since the epoch. */
export type Pause = { until: number | null };

const shape = z.object({ version: z.literal(1), until: z.int().nullable() });

export class OwnPause {
  readonly #file: string;
  readonly #log: Log;
  #saving: Promise<void> = Promise.resolve();

  constructor(dataDir: string, log: Log) {
    this.#file = path.join(dataDir, 'own-pause.json');
    this.#log = log;
  }

  read(): Pause | null {
    try {
      const { until } = shape.parse(JSON.parse(readFileSync(this.#file, 'utf8')));
      return { until };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        this.#log.warn(
          { err: error, file: this.#file },
          'a pause of before cannot be read: this machine is not paused',
        );
      return null;
    }
  }

  /** In the order of the calls. */
  write(pause: Pause | null): Promise<void> {
    const write = (): Promise<void> =>
      pause ? writeAtomically(this.#file, JSON.stringify({ version: 1, ...pause })) : rm(this.#file, { force: true });
    const written = this.#saving.then(write);
    this.#saving = written.catch(() => undefined);
    return written;
  }
}
