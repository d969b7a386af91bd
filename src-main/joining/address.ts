/** Where a coordinator is, as people type it: `mill`, `mill:4800`, `https://mill:4800`. */

const DEFAULT_PORT = 4800;

/** Scheme, host and port, https where none is said; null for what is no address. */
export function readAddress(text: string): string | null {
  const typed = text.trim();
  const whole = /^[a-z][a-z0-9+.-]*:\/\//i.test(typed) ? typed : `https://${typed}`;
  if (/\s/.test(typed) || !URL.canParse(whole)) return null;
  const url = new URL(whole);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return null;
  if (url.hostname === '' || url.username !== '' || url.password !== '' || url.hash !== '') return null;
  if (!/^\/?$/.test(url.pathname) || url.search !== '') return null;
  // Where a scheme was typed, its own port is meant.
  if (url.port === '' && whole !== typed) url.port = String(DEFAULT_PORT);
  return url.origin;
}
