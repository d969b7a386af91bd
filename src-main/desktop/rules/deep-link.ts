/** Reads links that other programs hand to the app. Anybody can write one, on any web page: what is not exactly known is nothing. */
import { readPinned } from '../../../shared/protocol/pin.ts';

export const SCHEME = 'playfleet';

export type DeepLink =
  | { kind: 'run'; id: string }
  /** `link`: `http(s)://host:port#TOKEN`, as `playfleet worker --join` takes it. It is a question to the owner, never an order. */
  | { kind: 'join'; link: string; address: string };

const LONGEST = 3000;
const ID = /^[A-Za-z0-9_-]{1,100}$/;
/** Of a token that enrols a worker. */
const JOIN_TOKEN = /^pfj_[A-Za-z0-9_-]{1,200}$/;

/** `playfleet://run/ID` and `playfleet://join/LINK`, where LINK is encoded as one part of a path; null for everything else. */
export function parseDeepLink(text: string): DeepLink | null {
  if (text.length > LONGEST) return null;
  const match = /^playfleet:\/\/(run|join)\/([^/?#]+)\/?$/.exec(text);
  if (match === null) return null;
  const [, kind, part = ''] = match;
  if (kind === 'run') return ID.test(part) ? { kind, id: part } : null;
  const link = decoded(part);
  const address = link === null ? null : joinAddress(link);
  return link === null || address === null ? null : { kind: 'join', link, address };
}

/** The link that brings this coordinator's join link into the app. */
export const joinDeepLink = (link: string): string => `${SCHEME}://join/${encodeURIComponent(link)}`;

/** Of a command line: browsers and systems add flags of their own around it. */
export function deepLinkIn(args: readonly string[]): string | null {
  return args.find((each) => each.toLowerCase().startsWith(`${SCHEME}:`)) ?? null;
}

/** Scheme, host and port; null where the link is not one that enrols a worker. */
function joinAddress(link: string): string | null {
  if (!URL.canParse(link)) return null;
  const url = new URL(link);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return null;
  if (url.username !== '' || url.password !== '' || url.search !== '' || !/^\/?$/.test(url.pathname)) return null;
  const { token = null, pin = null } = readPinned(url.hash.slice(1)) ?? {};
  if (token === null || !JOIN_TOKEN.test(token)) return null;
  return pin !== null && url.protocol === 'http:' ? null : url.origin;
}

function decoded(part: string): string | null {
  try {
    return decodeURIComponent(part);
  } catch {
    return null;
  }
}
