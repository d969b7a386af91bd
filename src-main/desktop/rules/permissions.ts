/** What the page may do of what Chromium asks for: nothing but what the dashboard's own buttons need. */
import { APP_ORIGIN } from './external.ts';

const ALLOWED = new Set([
  // "Copy" buttons.
  'clipboard-sanitized-write',
  // Screenshots and charts as large as the screen.
  'fullscreen',
  // Attachments come from the coordinator's content origin, which is often on this machine or the same network.
  'local-network',
  'local-network-access',
  'loopback-network',
]);

/** `origin`: of the page that asks, with or without a slash at its end. */
export function mayUse(permission: string, origin: string): boolean {
  return ALLOWED.has(permission) && origin.replace(/\/$/, '') === APP_ORIGIN;
}
