/** Browsers that people are signed in with, and those that are not asked for a second factor. */
import { newId } from '../../shared/base/id.ts';
import { isoTime } from '../../shared/protocol/rest/common.ts';
import type { Session, TrustedDevice } from '../../shared/protocol/rest/people.ts';
import type { Language } from '../mail/letters.ts';
import { hashSecret, newSecret, secretKind } from '../identity/secrets.ts';
import type { ReadHandle, WriteHandle } from '../storage/database.ts';
import { describeBrowser } from './rules.ts';

/** Which browser asks, and from where. */
export interface Browser {
  address: string;
  userAgent: string;
  /** That mails to its user are written in. */
  language: Language | null;
}

export const DEVICE_LIFE_MS = 30 * 24 * 3600_000;

/** Signs a browser in. Returns the secret for its cookie. */
export async function openSession(
  w: WriteHandle,
  { personId, method, browser, lifeMs }: { personId: string; method: string; browser: Browser; lifeMs: number },
  now: number,
): Promise<{ id: string; secret: string }> {
  const id = newId(now);
  const { text: secret, hash } = newSecret('session');
  await w.run(
    `INSERT INTO sessions (id, hash, person_id, method, address, user_agent, created_at, last_seen_at, expires_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    [id, hash, personId, method, browser.address, browser.userAgent, now, now, now + lifeMs],
  );
  await w.run(
    'UPDATE people SET failures = 0, locked_until = NULL, last_sign_in_at = ?, language = coalesce(?, language) WHERE id = ?',
    [now, browser.language, personId],
  );
  return { id, secret };
}

interface Row {
  id: string;
  address: string;
  user_agent: string;
  created_at: number;
  last_seen_at: number;
  expires_at: number;
}

/** Newest first. `idleMs`: how long one lives without being used. */
export async function listSessions(
  r: ReadHandle,
  { personId, currentId, idleMs }: { personId: string; currentId: string; idleMs: number },
  now: number,
): Promise<Session[]> {
  const rows = await r.all<Row & { method: string }>(
    `SELECT id, method, address, user_agent, created_at, last_seen_at, expires_at FROM sessions
     WHERE person_id = ? AND expires_at > ? AND last_seen_at > ? ORDER BY id DESC LIMIT 500`,
    [personId, now, now - idleMs],
  );
  return rows.map((row) => ({ ...toBrowser(row, row.id === currentId), method: row.method }));
}

/** Ends one session of a person, or all of them but `except`. Returns how many there were. */
export async function endSessions(
  w: WriteHandle,
  personId: string,
  which: { only: string } | { except: string | null },
): Promise<number> {
  const { changes } =
    'only' in which
      ? await w.run('DELETE FROM sessions WHERE person_id = ? AND id = ?', [personId, which.only])
      : await w.run('DELETE FROM sessions WHERE person_id = ? AND id IS NOT ?', [personId, which.except]);
  return changes;
}

/** Deletes at most `limit` that are over, and returns how many there were. */
export async function forgetSessions(w: WriteHandle, limit: number, now: number): Promise<number> {
  const { changes } = await w.run(
    'DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE expires_at <= ? LIMIT ?)',
    [now, limit],
  );
  return changes;
}

export async function trustDevice(w: WriteHandle, personId: string, browser: Browser, now: number): Promise<string> {
  const { text: secret, hash } = newSecret('device');
  await w.run(
    `INSERT INTO trusted_devices (id, hash, person_id, address, user_agent, created_at, last_used_at, expires_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    [newId(now), hash, personId, browser.address, browser.userAgent, now, now, now + DEVICE_LIFE_MS],
  );
  return secret;
}

/** Whether this browser is trusted by this person; notes the use. */
export async function useDevice(
  w: WriteHandle,
  personId: string,
  secret: string | null,
  now: number,
): Promise<boolean> {
  if (secret === null || secretKind(secret) !== 'device') return false;
  const { changes } = await w.run(
    'UPDATE trusted_devices SET last_used_at = ? WHERE hash = ? AND person_id = ? AND expires_at > ?',
    [now, hashSecret(secret), personId, now],
  );
  return changes > 0;
}

export async function listDevices(
  r: ReadHandle,
  personId: string,
  current: string | null,
  now: number,
): Promise<TrustedDevice[]> {
  const currentHash = current === null ? null : hashSecret(current);
  const rows = await r.all<Row & { hash: string }>(
    `SELECT id, hash, address, user_agent, created_at, last_used_at AS last_seen_at, expires_at FROM trusted_devices
     WHERE person_id = ? AND expires_at > ? ORDER BY id DESC LIMIT 500`,
    [personId, now],
  );
  return rows.map((row) => toBrowser(row, row.hash === currentHash));
}

/** `id` null: all of them. Returns how many there were. */
export async function endTrust(w: WriteHandle, personId: string, id: string | null): Promise<number> {
  const { changes } = await w.run('DELETE FROM trusted_devices WHERE person_id = ? AND (? IS NULL OR id = ?)', [
    personId,
    id,
    id,
  ]);
  return changes;
}

/** Deletes at most `limit` that are over, and returns how many there were. */
export async function forgetDevices(w: WriteHandle, limit: number, now: number): Promise<number> {
  const { changes } = await w.run(
    'DELETE FROM trusted_devices WHERE id IN (SELECT id FROM trusted_devices WHERE expires_at <= ? LIMIT ?)',
    [now, limit],
  );
  return changes;
}

function toBrowser(row: Row, current: boolean): TrustedDevice {
  return {
    id: row.id,
    current,
    browser: describeBrowser(row.user_agent),
    address: row.address,
    created_at: isoTime(row.created_at),
    last_seen_at: isoTime(row.last_seen_at),
    expires_at: isoTime(row.expires_at),
  };
}

/** As long as browsers keep a cookie at most. */
export const BROWSER_LIFE_MS = 400 * 24 * 3600_000;

/**
 * Notes that somebody signs in with the browser that keeps `known` (null: none yet). `secret`: what it is to keep from now on, null where it
 * keeps that already. `isNew`: they have signed in before, and never with this one; the first of all is not told of.
 */
export async function meetBrowser(
  w: WriteHandle,
  personId: string,
  known: string | null,
  now: number,
): Promise<{ secret: string | null; isNew: boolean }> {
  const kept = known !== null && secretKind(known) === 'browser' ? known : null;
  const { changes } = await w.run('UPDATE known_browsers SET last_seen_at = ? WHERE person_id = ? AND hash = ?', [
    now,
    personId,
    kept === null ? '' : hashSecret(kept),
  ]);
  if (changes > 0) return { secret: null, isNew: false };
  const others = await w.get('SELECT hash FROM known_browsers WHERE person_id = ? LIMIT 1', [personId]);
  // Two people who share a browser share its cookie.
  const made = kept === null ? newSecret('browser') : null;
  await w.run('INSERT INTO known_browsers (person_id, hash, last_seen_at) VALUES (?, ?, ?)', [
    personId,
    made?.hash ?? hashSecret(kept ?? ''),
    now,
  ]);
  return { secret: made?.text ?? null, isNew: others !== undefined };
}

/** Deletes at most `limit` whose cookie is over, and returns how many there were. */
export async function forgetBrowsers(w: WriteHandle, limit: number, now: number): Promise<number> {
  const { changes } = await w.run(
    `DELETE FROM known_browsers WHERE (person_id, hash) IN
       (SELECT person_id, hash FROM known_browsers WHERE last_seen_at <= ? LIMIT ?)`,
    [now - BROWSER_LIFE_MS, limit],
  );
  return changes;
}
