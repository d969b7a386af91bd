/** Which requests to the app's own scheme are answered, and what of them goes on to the coordinator. */
import { APP_ORIGIN } from './external.ts';

export interface PageRequest {
  method: string;
  /** Of whoever asks, as Electron saw it; undefined: the browser itself, as when a window is opened. */
  initiator: string | undefined;
}

const READS = new Set(['GET', 'HEAD']);
const METHODS = new Set([...READS, 'POST', 'PUT', 'PATCH', 'DELETE']);

/**
 * null: it may pass. Reports and traces are foreign code and run in frames of our window; a form or picture there may name our scheme, but
 * not hide where it is from.
 */
export function whyRefused({ method, initiator }: PageRequest): string | null {
  if (!METHODS.has(method)) return `${method} is not used here.`;
  const isOurs = initiator === APP_ORIGIN || (initiator === undefined && READS.has(method));
  return isOurs ? null : 'Only pages of the app may ask here.';
}

const SENT_ON = [
  'accept',
  'accept-language',
  'content-type',
  'idempotency-key',
  'if-none-match',
  'last-event-id',
  'user-agent',
];

const SENT_BACK = ['cache-control', 'content-disposition', 'etag', 'playfleet-event-id', 'retry-after', 'x-request-id'];

/** Data, and nothing that a window would draw or run. Everything else arrives as a file to be saved. */
const DATA_TYPES = ['application/json', 'application/problem+json', 'text/event-stream'];

/** Neither cookies nor an origin of ours: who asks is added by who knows (page/proxy.ts). */
export const headersToSend = (headers: Headers): Headers => pick(headers, SENT_ON);

/** The coordinator's answer as the page gets it: no cookies, no policies, and nothing that could be taken for a page or a script of ours. */
export function headersToGive(headers: Headers): Headers {
  const given = pick(headers, SENT_BACK);
  const type = headers.get('content-type');
  const isData = DATA_TYPES.includes(type?.split(';')[0]?.trim().toLowerCase() ?? '');
  if (type !== null) given.set('content-type', isData ? type : 'application/octet-stream');
  given.set('x-content-type-options', 'nosniff');
  given.set('content-security-policy', "default-src 'none'; sandbox");
  return given;
}

function pick(headers: Headers, names: readonly string[]): Headers {
  const picked = new Headers();
  for (const name of names) {
    const value = headers.get(name);
    if (value !== null) picked.set(name, value);
  }
  return picked;
}
