/** Where links of the page lead: within the app, to the system's browser, or nowhere. */

/** The page's own address. Its scheme exists in this app alone. */
export const APP_ORIGIN = 'app://playfleet';

/** Sites that the app itself links to, and where teams keep their code. */
const SITES = ['playwright.dev', 'github.com', 'gitlab.com', 'bitbucket.org'];

export type Way = 'stay' | 'browser' | 'nowhere';

/** `trusted`: origins of the active coordinator, whose reports a browser may open. Everything else must be https and of a known site. */
export function wayOf(address: string, trusted: readonly string[] = []): Way {
  if (!URL.canParse(address)) return 'nowhere';
  const url = new URL(address);
  if (url.username !== '' || url.password !== '') return 'nowhere';
  // Of a scheme of our own, `origin` says nothing in Node.
  if (url.protocol === 'app:')
    return url.host === 'playfleet' && !url.pathname.startsWith('/api/') ? 'stay' : 'nowhere';
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'nowhere';
  if (trusted.includes(url.origin)) return 'browser';
  const isKnown = SITES.some((site) => url.hostname === site || url.hostname.endsWith(`.${site}`));
  return url.protocol === 'https:' && isKnown ? 'browser' : 'nowhere';
}

/** Frames hold the coordinator's attachments, and nothing else. */
export function mayFrame(address: string, contentOrigin: string | null): boolean {
  if (address === 'about:blank' || address === 'about:srcdoc') return true;
  return contentOrigin !== null && URL.canParse(address) && new URL(address).origin === contentOrigin;
}

/** A frame that may ask the app: the page itself, in its window, and nothing within it. */
export function isOurPage({ url, isTop }: { url: string; isTop: boolean }): boolean {
  return isTop && (url === APP_ORIGIN || url.startsWith(`${APP_ORIGIN}/`));
}
