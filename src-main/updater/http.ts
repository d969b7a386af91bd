/** Reads files of a feed: bounded, without redirects, and given up when nothing moves. */
import type { Clock } from '../../shared/base/clock.ts';
import { fetchBy } from '../transfer/pinned-fetch.ts';
import { TryAgain } from '../transfer/retry.ts';
import { UpdateError } from './errors.ts';

/** Where updates come from. */
export interface FeedSource {
  /** Of the folder, without a slash at its end. */
  url: string;
  /** That prove who asks; none for a public server. */
  headers: () => Record<string, string>;
  /** Of a coordinator's own certificate; null: the authorities of this system decide. */
  pin: string | null;
}

export interface FeedAnswer {
  status: number;
  headers: Headers;
  chunks: AsyncIterable<Uint8Array>;
}

const STALL_MS = 30_000;

/**
 * Hands `handle` the answer to a GET; its body is read while `handle` runs. Throws TryAgain for what may pass (network, stalls, busy
 * servers), UpdateError for what will not.
 */
export async function getFile<T>(
  source: FeedSource,
  name: string,
  { headers = {}, clock, signal }: { headers?: Record<string, string>; clock: Clock; signal?: AbortSignal | undefined },
  handle: (answer: FeedAnswer) => Promise<T>,
): Promise<T> {
  const stall = new AbortController();
  let cancel = (): void => undefined;
  const moved = (): void => {
    cancel();
    cancel = clock.after(STALL_MS, () => stall.abort(new Error(`nothing moved for ${STALL_MS / 1000} s`)));
  };
  const brokenBy = (error: unknown): Error => {
    if (signal?.aborted) return signal.reason as Error;
    const cause = ((error as Error).cause ?? error) as Error;
    return new TryAgain(
      `the feed cannot be reached: ${stall.signal.aborted ? (stall.signal.reason as Error).message : cause.message}`,
      {
        cause: error,
      },
    );
  };
  moved();
  try {
    const response = await fetchBy(source.pin)(`${source.url}/${encodeURIComponent(name)}`, {
      headers: { ...source.headers(), ...headers },
      redirect: 'error',
      signal: signal ? AbortSignal.any([signal, stall.signal]) : stall.signal,
    }).catch((error: unknown) => {
      throw brokenBy(error);
    });
    const body = async function* (): AsyncGenerator<Uint8Array> {
      try {
        for await (const chunk of response.body ?? []) {
          moved();
          yield chunk;
        }
      } catch (error) {
        throw brokenBy(error);
      }
    };
    const { status } = response;
    if (status === 408 || status === 429 || status >= 500)
      throw new TryAgain(`the feed answered ${status} for ${name}`, { status });
    if (status === 401 || status === 403)
      throw new UpdateError(
        'unreachable',
        `the feed does not let this machine in (${status}): its key is not accepted there`,
      );
    try {
      return await handle({ status, headers: response.headers, chunks: body() });
    } finally {
      // What nobody reads must not keep the connection.
      stall.abort(new Error('done'));
    }
  } finally {
    cancel();
  }
}

/** The whole of a small file as bytes; null where there is none. */
export async function getSmallFile(
  source: FeedSource,
  name: string,
  mostBytes: number,
  options: { clock: Clock; signal?: AbortSignal | undefined },
): Promise<{ bytes: Buffer; headers: Headers } | null> {
  return getFile(source, name, options, async ({ status, headers, chunks }) => {
    if (status === 404) return null;
    if (status !== 200) throw new UpdateError('unreachable', `the feed answered ${status} for ${name}`);
    const parts: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of chunks) {
      size += chunk.length;
      if (size > mostBytes) throw new UpdateError('damaged', `${name} has more than ${mostBytes} bytes`);
      parts.push(chunk);
    }
    return { bytes: Buffer.concat(parts), headers };
  });
}
