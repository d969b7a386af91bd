/** Which calls may be refused for a while when the coordinator is behind. */

/** What somebody who waits for a run needs, and what says how things stand. */
const NEEDED = /^\/api\/v1\/(events\/stream|offline|test-runs\/[^/]+(\/progress)?|workers|auth\/.*)$/;

/**
 * Reads by people: lists, details, reports; and what machines bring home, which has waited for long already. Never what workers call (claims, results, heartbeats, blobs), never changes, which a person
 * decided on, and never what stands outside the API (health).
 */
export function isUnimportant(who: 'user' | 'worker' | 'sync' | null, method: string, path: string): boolean {
  if (who === 'sync') return true;
  return who === 'user' && (method === 'GET' || method === 'HEAD') && path.startsWith('/api/v1/') && !NEEDED.test(path);
}
