/** The page's requests to the API, sent on to the active coordinator: with its pinned certificate, and with credentials that the page never sees. */
import { fetchBy } from '../../transfer/pinned-fetch.ts';
import { isUntrusted, MEND_UNTRUSTED, wrongPinIn } from '../../transfer/pinned.ts';
import { NotKept } from '../keep/vault.ts';
import { headersToGive, headersToSend } from '../rules/requests.ts';
import type { Credentials } from './credentials.ts';
import { problem } from './problem.ts';

/** Uploads from the page are forms and settings. */
const MOST_BYTES = 64 * 1024 * 1024;

export interface Target {
  id: string;
  /** Without a slash at its end. */
  url: string;
  pin: string | null;
}

export interface ProxyDeps {
  /** null: there is none, or it does not run. */
  target: () => Target | null;
  credentials: Credentials;
}

/** Streams are passed on as they come; a page that goes away ends the request. */
export async function sendOn(request: Request, { target, credentials }: ProxyDeps): Promise<Response> {
  const to = target();
  if (to === null)
    return problem(
      503,
      'no_coordinator',
      'No coordinator',
      'This app works with no coordinator yet, or its own does not run.',
    );
  const { pathname, search } = new URL(request.url);
  const headers = headersToSend(request.headers);
  for (const [name, value] of Object.entries(credentials.headersFor(to.id, to.url))) headers.set(name, value);
  const bytes = request.body === null ? null : new Uint8Array(await request.arrayBuffer());
  if (bytes !== null && bytes.length > MOST_BYTES)
    return problem(
      413,
      'too_large',
      'Too large',
      `The request has ${bytes.length} bytes; the app sends at most ${MOST_BYTES}.`,
    );
  if (bytes !== null) headers.set('content-length', String(bytes.length));
  let answer: Response;
  try {
    answer = await fetchBy(to.pin)(`${to.url}${pathname}${search}`, {
      method: request.method,
      headers,
      ...(bytes === null ? {} : { body: once(bytes), duplex: 'half' as const }),
      // A redirect would take the credentials elsewhere.
      redirect: 'manual',
      signal: request.signal,
    });
  } catch (error) {
    if (request.signal.aborted) throw error;
    return unreachable(to, error as Error);
  }
  if (answer.status >= 300 && answer.status < 400 && answer.status !== 304) {
    await answer.body?.cancel();
    return problem(502, 'redirected', 'Redirected', `${to.url} leads elsewhere; the app does not follow.`);
  }
  try {
    await credentials.learn(to.id, answer.headers);
  } catch (error) {
    if (!(error instanceof NotKept)) throw error;
    await answer.body?.cancel();
    return problem(409, 'no_safe_place', 'Not kept', `Signing in needs a place for the session. ${error.message}`);
  }
  return new Response(answer.body, { status: answer.status, headers: headersToGive(answer.headers) });
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function unreachable({ url }: Target, error: Error): Response {
  const wrong = wrongPinIn(error);
  if (wrong !== null)
    return problem(
      502,
      'wrong_certificate',
      'Not trusted',
      `This is not the coordinator that ${url} was: ${wrong.message}.`,
    );
  const cause = (error.cause ?? error) as Error & { errors?: Error[] };
  const why = cause.errors?.[0]?.message ?? cause.message;
  if (isUntrusted(error))
    return problem(
      502,
      'untrusted_certificate',
      'Not trusted',
      `${url} is not trusted: ${why}. If its certificate is its own, ${MEND_UNTRUSTED}.`,
    );
  return problem(502, 'unreachable', 'No answer', `${url} does not answer: ${why}.`);
}
