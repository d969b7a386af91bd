/** Trying again what may have failed only for now. */
import { backoffMs, type Backoff } from '../../shared/base/backoff.ts';
import type { Clock } from '../../shared/base/clock.ts';

/** Thrown by a try that is worth repeating. */
export class TryAgain extends Error {
  /** What the other side asked us to wait, in milliseconds. */
  readonly afterMs: number | null;
  readonly status: number | null;
  constructor(message: string, options: { afterMs?: number | null; status?: number | null; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.afterMs = options.afterMs ?? null;
    this.status = options.status ?? null;
  }
}

export interface RetryPolicy {
  tries: number;
  backoff: Backoff;
  /** A longer wait that the other side asks for is cut to this, in milliseconds. */
  longestWaitMs: number;
}

/** Calls `fn` until it returns, throws something other than TryAgain, or the tries are used up: then the last TryAgain is thrown. */
export async function retry<T>(
  policy: RetryPolicy,
  clock: Clock,
  signal: AbortSignal | undefined,
  fn: () => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await fn();
    } catch (error) {
      if (!(error instanceof TryAgain) || attempt >= policy.tries) throw error;
      const asked = Math.min(error.afterMs ?? 0, policy.longestWaitMs);
      await wait(Math.max(asked, backoffMs(policy.backoff, attempt, Math.random)), clock, signal);
    }
  }
}

/** Resolves after `ms`, or rejects with the signal's reason. */
export function wait(ms: number, clock: Clock, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    // A clock's timers do not keep the process alive; a program that waits in order to try again has not finished.
    const alive = setInterval(() => undefined, 2 ** 30);
    const done = (): void => {
      clearInterval(alive);
      signal?.removeEventListener('abort', aborted);
    };
    const cancel = clock.after(ms, () => {
      done();
      resolve();
    });
    const aborted = (): void => {
      cancel();
      done();
      reject(signal?.reason as Error);
    };
    signal?.addEventListener('abort', aborted);
  });
}
