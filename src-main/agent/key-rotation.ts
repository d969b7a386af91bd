/** Asks for a new key of this worker in good time before the old one ends. */
import type { Clock } from '../../shared/base/clock.ts';
import { registered } from './enrol.ts';
import { readKey, writeKey, type WorkerKey } from './key-file.ts';
import type { Log } from './log.ts';
import { postJson } from './post-json.ts';

const REQUEST_MS = 30_000;
const AGAIN_MS = 60 * 60_000;
/** Timers take no more than 24 days. */
const LONGEST_WAIT_MS = 24 * 3600_000;

export interface KeyRotationOptions {
  /** Whoever asks for its `apiKey` gets the new one from then on. */
  key: WorkerKey;
  keyFile: string;
  clock: Clock;
  log: Log;
}

export class KeyRotation {
  readonly #options: KeyRotationOptions;
  #cancel = (): void => {};

  constructor(options: KeyRotationOptions) {
    this.#options = options;
  }

  /** Rotates after so long; null or undefined: not at all. Counts from the last call. */
  schedule(inMs: number | null | undefined): void {
    const { clock, log } = this.#options;
    this.#cancel();
    if (inMs === null || inMs === undefined) return;
    this.#cancel = clock.after(Math.min(inMs, LONGEST_WAIT_MS), () => {
      if (inMs > LONGEST_WAIT_MS) return this.schedule(inMs - LONGEST_WAIT_MS);
      this.rotate().catch((error: unknown) => {
        log.warn({ err: error }, 'this worker could not replace its key; it is tried again');
        this.schedule(AGAIN_MS);
      });
    });
  }

  stop(): void {
    this.#cancel();
  }

  /** The old key works until the new one is shown: killed between the two, this worker is not locked out. */
  async rotate(): Promise<void> {
    const { key, keyFile, log } = this.#options;
    const address = `${key.url}/api/v1/workers/${encodeURIComponent(key.workerId)}/rotate-key`;
    const { status, text } = await postJson(
      address,
      {},
      {
        bearer: key.apiKey,
        pin: key.pin,
        timeoutMs: REQUEST_MS,
      },
    );
    if (status !== 200) throw new Error(`the coordinator answered ${status}`);
    const { api_key: apiKey } = registered.parse(JSON.parse(text));
    // The address in the file is that of the enrolment; `key.url` may be another for this start only.
    const stored = await readKey(keyFile);
    await writeKey(keyFile, { ...(stored ?? key), apiKey });
    key.apiKey = apiKey;
    log.info('this worker has a new key');
  }
}
