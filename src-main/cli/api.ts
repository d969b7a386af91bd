/** The coordinator's REST API as the command line uses it: answers checked against their shapes, refusals turned into failures with a mend. */
import type { z } from 'zod';
import { backoffMs, type Backoff } from '../../shared/base/backoff.ts';
import type { Clock } from '../../shared/base/clock.ts';
import { CliFailure, messageOf } from './failure.ts';
import { fetchBy, type FetchInit } from '../transfer/pinned-fetch.ts';
import { distrusted, failureOf, PassingFailure, unreachable } from './problem.ts';
import { wait } from '../transfer/retry.ts';

export interface CallOptions {
  signal?: AbortSignal | undefined;
  /** Sent as Idempotency-Key: makes a change safe to ask for again. */
  key?: string;
  /** How often to try in all while the way fails; default 3, which takes less than a second. Eight outlast a restart. */
  tries?: number;
}

export type Method = 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface Api {
  /** Without a slash at its end. */
  readonly url: string;
  /** Path and query, beginning with `/`. Asked again when the way fails. */
  get<S extends z.ZodType>(path: string, answer: S, options?: CallOptions): Promise<z.output<S>>;
  /** A change; `body` undefined sends none. Asked again when the way fails only with `key`, or where the method itself allows it. */
  send<S extends z.ZodType>(
    method: Method,
    path: string,
    body: unknown,
    answer: S,
    options?: CallOptions,
  ): Promise<z.output<S>>;
  /** Where the answer redirects to. It is not followed: the token would go along. */
  whereTo(path: string, options?: CallOptions): Promise<string>;
  /** One try, the answer unread: for streams and downloads. With a `body` it is asked by POST. Refusals are thrown as by the others. */
  open(path: string, headers: Record<string, string>, signal?: AbortSignal, body?: unknown): Promise<Response>;
}

export interface ApiOptions {
  url: string;
  /** null: nobody logged in. */
  token: string | null;
  /** Of the coordinator's own certificate; null: the authorities of this system decide. */
  pin: string | null;
  clock: Clock;
  /** 0 ≤ x < 1. */
  random: () => number;
  /** Milliseconds until an answer must have begun. */
  timeoutMs?: number;
}

const TRIES = 3;
const BACKOFF: Backoff = { baseMs: 200, maxMs: 3000 };

export function createApi({ url, token, pin, clock, random, timeoutMs = 30_000 }: ApiOptions): Api {
  const fetch = fetchBy(pin);
  async function once(
    path: string,
    init: Omit<FetchInit, 'signal' | 'redirect'>,
    signal: AbortSignal | undefined,
  ): Promise<Response> {
    const headers = new Headers(init.headers);
    if (token !== null) headers.set('authorization', `Bearer ${token}`);
    const patience = new AbortController();
    const lateness = new Error(`no answer within ${timeoutMs / 1000} s`);
    const stopWaiting = clock.after(timeoutMs, () => patience.abort(lateness));
    const signals = signal ? [signal, patience.signal] : [patience.signal];
    try {
      // A redirect would carry the token to another place.
      return await fetch(url + path, { ...init, headers, redirect: 'manual', signal: AbortSignal.any(signals) });
    } catch (error) {
      signal?.throwIfAborted();
      throw distrusted(url, error) ?? unreachable(url, messageOf(error), error);
    } finally {
      stopWaiting();
    }
  }

  async function read(response: Response, signal: AbortSignal | undefined): Promise<string> {
    try {
      return await response.text();
    } catch (error) {
      signal?.throwIfAborted();
      throw unreachable(url, messageOf(error), error);
    }
  }

  async function retried<T>(tries: number, signal: AbortSignal | undefined, fn: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await fn();
      } catch (error) {
        if (attempt >= tries || !(error instanceof PassingFailure)) throw error;
        await wait(error.retryAfterMs ?? backoffMs(BACKOFF, attempt, random), clock, signal);
      }
    }
  }

  async function call<S extends z.ZodType>(
    path: string,
    init: Omit<FetchInit, 'signal' | 'redirect'>,
    answer: S,
    signal: AbortSignal | undefined,
  ) {
    const response = await once(path, init, signal);
    const text = await read(response, signal);
    if (!response.ok) throw failureOf(url, response, text);
    return shaped(url, path, text, answer);
  }

  return {
    url,
    get: (path, answer, { signal, tries = TRIES } = {}) =>
      retried(tries, signal, () => call(path, { headers: { accept: 'application/json' } }, answer, signal)),
    send(method, path, body, answer, { signal, key, tries = TRIES } = {}) {
      const headers: Record<string, string> = { accept: 'application/json' };
      if (body !== undefined) headers['content-type'] = 'application/json';
      if (key !== undefined) headers['idempotency-key'] = key;
      const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
      const safe = key !== undefined || method === 'PUT' || method === 'DELETE';
      return retried(safe ? tries : 1, signal, () => call(path, init, answer, signal));
    },
    whereTo: (path, { signal, tries = TRIES } = {}) =>
      retried(tries, signal, async () => {
        const response = await once(path, {}, signal);
        const location = response.headers.get('location');
        const text = await read(response, signal);
        if (response.status >= 400) throw failureOf(url, response, text);
        if (location === null) throw notOurs(url, path, 'no redirect');
        return new URL(location, url + path).href;
      }),
    async open(path, headers, signal, body) {
      const json = { method: 'POST', headers: { ...headers, 'content-type': 'application/json' } };
      const init = body === undefined ? { headers } : { ...json, body: JSON.stringify(body) };
      const response = await once(path, init, signal);
      if (response.ok) return response;
      throw failureOf(url, response, await read(response, signal));
    },
  };
}

function shaped<S extends z.ZodType>(url: string, path: string, text: string, answer: S): z.output<S> {
  let json: unknown = null;
  try {
    json = text === '' ? null : JSON.parse(text);
  } catch {
    throw notOurs(url, path, 'not JSON');
  }
  const parsed = answer.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw notOurs(url, path, `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'another shape'}`);
}

const notOurs = (url: string, path: string, what: string) =>
  new CliFailure(
    `${url}${path.split('?')[0]} answered something else than expected (${what}).`,
    'Check the address, and that the coordinator and this program are of the same version (playfleet doctor).',
  );
