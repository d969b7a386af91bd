/** HTTP requests that give up on stalls, try again what may pass, and turn the rest into errors that say what to do. */
import type { z } from 'zod';
import type { Clock } from '../../shared/base/clock.ts';
import { TransferError } from './blob-client.ts';
import { isUntrusted, MEND_UNTRUSTED, wrongPinIn } from './pinned.ts';
import { fetchBy } from './pinned-fetch.ts';
import { retry, TryAgain, type RetryPolicy } from './retry.ts';

export interface RequesterOptions {
  baseUrl: string;
  headers: () => Record<string, string>;
  /** Of the coordinator's own certificate; null: the authorities of this system decide. */
  pin: string | null;
  clock: Clock;
  retry?: RetryPolicy;
  stallMs?: number;
}

export interface RequestBody {
  type: string;
  /** Bytes. */
  size: number;
  /** Called once for each try. */
  open(): AsyncIterable<Uint8Array>;
}

/** One try's answer; its body is read once, by one of these. */
export interface Answer {
  chunks: () => AsyncIterable<Uint8Array>;
  parse: <T>(schema: z.ZodType<T>) => Promise<T>;
  drain: () => Promise<void>;
}

/** Sends a request until `handle` has used a 2xx answer. `body` as a function is asked anew at each try. */
export type Requester = <T>(
  method: 'GET' | 'PUT' | 'POST',
  path: string,
  body: RequestBody | (() => RequestBody) | null,
  signal: AbortSignal | undefined,
  handle: (answer: Answer) => Promise<T>,
) => Promise<T>;

/** About a minute in all: longer outages are for the caller's own loop, which knows what else to do meanwhile. */
const DEFAULT_RETRY: RetryPolicy = { tries: 8, backoff: { baseMs: 200, maxMs: 15_000 }, longestWaitMs: 60_000 };
const DEFAULT_STALL_MS = 60_000;

export function createRequester(options: RequesterOptions): Requester {
  const policy = options.retry ?? DEFAULT_RETRY;
  return async (method, path, body, signal, handle) => {
    const once = (): ReturnType<typeof handle> =>
      sendOnce(options, method, path, typeof body === 'function' ? body() : body, signal, handle);
    try {
      return await retry(policy, options.clock, signal, once);
    } catch (error) {
      if (!(error instanceof TryAgain)) throw error;
      const what = `${method} ${new URL(options.baseUrl).host} failed ${policy.tries} times`;
      throw new TransferError(`${what}, the last time because ${error.message}`, error.status, { cause: error });
    }
  };
}

async function sendOnce<T>(
  options: RequesterOptions,
  method: string,
  path: string,
  body: RequestBody | null,
  signal: AbortSignal | undefined,
  handle: (answer: Answer) => Promise<T>,
): Promise<T> {
  const watch = watchStalls(options.clock, options.stallMs ?? DEFAULT_STALL_MS);
  const failing: { source?: Error } = {};
  try {
    const sending = fetchBy(options.pin)(options.baseUrl + path, {
      method,
      headers: {
        ...options.headers(),
        ...(body && { 'content-type': body.type, 'content-length': String(body.size) }),
      },
      ...(body && {
        body: watched(body.open(), watch.moved, (error) => (failing.source = error)),
        duplex: 'half' as const,
      }),
      // A redirect would take our credentials elsewhere.
      redirect: 'error',
      signal: signal ? AbortSignal.any([signal, watch.stalled]) : watch.stalled,
    });
    const response = await sending.catch((error: unknown) => {
      throw failing.source ?? broken(error, watch.stalled);
    });
    const answer = answerOf(response, (error) => broken(error, watch.stalled), watch.moved);
    if (!response.ok) throw refusal(response, await answer.text());
    return await handle(answer);
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    watch.end();
  }
}

function answerOf(
  response: Response,
  explain: (error: unknown) => Error,
  moved: () => void,
): Answer & { text: () => Promise<string> } {
  const chunks = async function* (): AsyncGenerator<Uint8Array> {
    if (response.body === null) return;
    try {
      yield* watched(response.body, moved);
    } catch (error) {
      throw explain(error);
    }
  };
  const text = async (): Promise<string> => {
    const parts: Uint8Array[] = [];
    for await (const chunk of chunks()) parts.push(chunk);
    return Buffer.concat(parts).toString();
  };
  return {
    chunks,
    text,
    async drain() {
      for await (const _ of chunks());
    },
    async parse(schema) {
      const said = await text();
      const parsed = schema.safeParse(jsonOf(said));
      if (parsed.success) return parsed.data;
      throw new TransferError(`the coordinator's answer was not understood: ${said.slice(0, 200)}`, response.status);
    },
  };
}

/** What an answer other than 2xx means: worth another try, or final. */
function refusal(response: Response, text: string): Error {
  const { status } = response;
  const said = detailOf(text);
  const message = `the coordinator answered ${status}${said ? ` (${said})` : ''}`;
  if (status === 507) return new TransferError(`${message}: its disk is full; free space there and try again`, status);
  if (status === 401 || status === 403) {
    return new TransferError(`${message}: the key or token is not accepted there`, status);
  }
  // 422 says that the bytes did not match their name; the sender has just verified them, so they were damaged on the way.
  if (status === 408 || status === 422 || status === 429 || (status >= 500 && status !== 501)) {
    return new TryAgain(message, { status, afterMs: retryAfterMs(response.headers.get('retry-after')) });
  }
  return new TransferError(message, status);
}

/** `Retry-After` in whole seconds; its other form, a date, would be measured by two clocks and is left out. */
function retryAfterMs(header: string | null): number | null {
  return header !== null && /^[0-9]{1,6}$/.test(header) ? Number(header) * 1000 : null;
}

function detailOf(text: string): string {
  const problem = jsonOf(text) as { detail?: unknown; title?: unknown } | null;
  const said = problem?.detail ?? problem?.title;
  return typeof said === 'string' ? said.slice(0, 500) : '';
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** fetch hides what the network did in the cause, and that of several addresses in a list. */
function broken(error: unknown, stalled: AbortSignal): Error {
  if (stalled.aborted) return new TryAgain((stalled.reason as Error).message);
  const cause = (error as Error).cause ?? error;
  const first: unknown = cause instanceof AggregateError ? cause.errors[0] : cause;
  // Trying again does not help, and could help who is in between.
  if (wrongPinIn(error))
    return new TransferError(`the coordinator is not trusted: ${(first as Error).message}`, null, { cause: error });
  if (isUntrusted(error))
    return new TransferError(
      `the coordinator is not trusted: ${(first as Error).message}. For a certificate of its own, ${MEND_UNTRUSTED}`,
      null,
      { cause: error },
    );
  return new TryAgain(`the connection failed: ${(first as Error).message}`, { cause: error });
}

async function* watched(
  chunks: AsyncIterable<Uint8Array>,
  moved: () => void,
  failed?: (error: Error) => void,
): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of chunks) {
      moved();
      yield chunk;
    }
  } catch (error) {
    failed?.(error as Error);
    throw error;
  }
}

/** Aborts `stalled` when `moved` has not been called for `ms`. */
function watchStalls(clock: Clock, ms: number): { stalled: AbortSignal; moved: () => void; end: () => void } {
  const controller = new AbortController();
  let movedAt = clock.monotonic();
  let cancel = clock.after(ms, check);
  function check(): void {
    const idle = clock.monotonic() - movedAt;
    if (idle >= ms) controller.abort(new Error(`nothing moved for ${Math.round(ms / 1000)} s`));
    else cancel = clock.after(ms - idle, check);
  }
  return {
    stalled: controller.signal,
    moved: () => {
      movedAt = clock.monotonic();
    },
    end: () => cancel(),
  };
}
