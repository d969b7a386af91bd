/**
 * The way to the coordinator's API. One client per tab; everything that asks for something goes through `api`, so that what holds for all
 * requests is in one place: errors are ApiErrors, changes are safe to send again, and who is signed out is led to sign in.
 */
import { ApiError, errorOf } from './api-error.ts';

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface ClientOptions {
  /** Before every path; the page's own address where it is left out. */
  base?: string;
  fetch?: typeof fetch;
  /** Sent with every request, such as a token in tests. */
  headers?: Readonly<Record<string, string>>;
  onSignedOut?: () => void;
  newKey?: () => string;
}

export interface Answer<T> {
  body: T;
  /** The last stored event that this answer knows of (`seq.epoch`); null where the route does not say. */
  eventId: string | null;
}

const NO_ANSWER = 'The coordinator does not answer. Is it running, and can this machine reach it?';
export const EVENT_ID_HEADER = 'playfleet-event-id';

type Change = 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export class Client {
  readonly #options: ClientOptions;

  constructor(options: ClientOptions = {}) {
    this.#options = options;
  }

  /** Throws an ApiError for everything but a good answer. */
  get<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
    return this.read<T>(path, query, signal).then(({ body }) => body);
  }

  /** The same, with the position in the events at which the answer stands. */
  async read<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<Answer<T>> {
    const answer = await this.#send('GET', path + textOf(query), signal ? { signal } : {});
    return { body: (await answer.json()) as T, eventId: answer.headers.get(EVENT_ID_HEADER) };
  }

  /** A change. It has a key of its own, so that the coordinator carries it out once, however often it arrives. */
  async change<T>(method: Change, path: string, body?: unknown): Promise<T> {
    return (await (await this.#change(method, path, body)).json()) as T;
  }

  /** A change whose answer is a file. */
  async download(path: string, body: unknown): Promise<{ file: Blob; name: string }> {
    const answer = await this.#change('POST', path, body);
    const [, name = 'download'] = /filename="([^"]+)"/.exec(answer.headers.get('content-disposition') ?? '') ?? [];
    return { file: await answer.blob(), name };
  }

  async #change(method: Change, path: string, body: unknown): Promise<Response> {
    const headers = { 'idempotency-key': (this.#options.newKey ?? randomKey)() };
    const send = () =>
      this.#send(
        method,
        path,
        body === undefined
          ? { headers }
          : { headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify(body) },
      );
    return send().catch((error: unknown) => {
      // Whether it arrived is not known: with the same key it does no harm to say it once more.
      if (error instanceof ApiError && error.status === 0) return send();
      throw error;
    });
  }

  /** A request whose answer is read piece by piece, such as the live events. */
  stream(path: string, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Response> {
    return this.#send('GET', path, { headers, signal });
  }

  async #send(
    method: string,
    path: string,
    init: RequestInit & { headers?: Record<string, string> },
  ): Promise<Response> {
    const { base = '', fetch: ask = fetch, headers, onSignedOut } = this.#options;
    let answer: Response;
    try {
      answer = await ask(`${base}/api/v1${path}`, { ...init, method, headers: { ...headers, ...init.headers } });
    } catch (error) {
      if (init.signal?.aborted) throw error;
      throw new ApiError(NO_ANSWER);
    }
    if (answer.ok) return answer;
    const body: unknown = await answer.json().catch(() => null);
    if (answer.status === 401) onSignedOut?.();
    throw errorOf(answer.status, body);
  }
}

/** `?a=1&b=2`, without what is undefined or empty; nothing where nothing is left. */
export function textOf(query: Query): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== '');
  if (given.length === 0) return '';
  return `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString()}`;
}

/** Not crypto.randomUUID: browsers offer that by https only. */
function randomKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Of this computer: the desktop app answers them, whoever is signed in at its coordinator. */
const OPEN_PAGES: readonly string[] = ['/this-computer', '/setup'];

/** Where one signs in, and comes back from to `here` (path and query). */
export const signInAt = (here: string): string =>
  here === '/' ? '/sign-in' : `/sign-in?return=${encodeURIComponent(here)}`;

/** Leads to sign in from a page that asks the coordinator. */
export function leadToSignIn(): void {
  if (!OPEN_PAGES.includes(location.pathname)) location.assign(signInAt(location.pathname + location.search));
}

/** The one of this tab. */
export const api = new Client({ onSignedOut: leadToSignIn });
