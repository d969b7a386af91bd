/**
 * The way from a handler to a command: the answer leaves after COMMIT, and with an Idempotency-Key it is stored in the same transaction,
 * so that the same request sent again (its reply was lost) gets the same answer and changes nothing.
 */
import { createHash } from 'node:crypto';
import type { Context, TypedResponse } from 'hono';
import type { JSONValue } from 'hono/utils/types';
import type { Clock } from '../../shared/base/clock.ts';
import type { Database, WriteHandle } from '../storage/database.ts';
import type { AppEnv } from './env.ts';
import { principalKey, requireAny } from './principal.ts';
import { badField, Refusal } from './refusal.ts';

const IDEMPOTENCY_HEADER = 'idempotency-key';
const IDEMPOTENCY_KEPT_MS = 24 * 3600 * 1000;

interface Stored {
  request_hash: string;
  status: number;
  body: string;
}

/**
 * Runs `command` and answers `status` with what it returned. For routes with access other than `public`, and never for answers that hold
 * secrets, because they would be stored.
 */
export async function commit<T, S extends 200 | 201 | 202>(
  c: Context<AppEnv>,
  deps: { db: Database; clock: Clock },
  status: S,
  command: (w: WriteHandle, now: number) => Promise<T>,
): Promise<Response & TypedResponse<T, S, 'json'>> {
  const stored = await commitBody(c, deps, status, command);
  return answer(c, stored.body, stored.status as S);
}

/** The same, for answers that also hold what cannot be stored: returns what the command returned, now or when the key was new. */
export async function commitValue<T>(
  c: Context<AppEnv>,
  deps: { db: Database; clock: Clock },
  command: (w: WriteHandle, now: number) => Promise<T>,
): Promise<T> {
  return JSON.parse((await commitBody(c, deps, 200, command)).body) as T;
}

async function commitBody<T>(
  c: Context<AppEnv>,
  { db, clock }: { db: Database; clock: Clock },
  status: number,
  command: (w: WriteHandle, now: number) => Promise<T>,
): Promise<{ body: string; status: number }> {
  const key = c.req.header(IDEMPOTENCY_HEADER);
  if (key === undefined) {
    const body = await db.write((w) => command(w, clock.now()));
    return { body: JSON.stringify(body), status };
  }
  if (!/^[\x21-\x7e]{1,200}$/.test(key)) {
    throw badField('Idempotency-Key', 'must be 1 to 200 visible ASCII characters');
  }
  const principal = principalKey(requireAny(c));
  const requestHash = createHash('sha256')
    .update(`${c.req.method} ${c.req.path}\n${await c.req.text()}`)
    .digest('hex');
  const stored = await db.write(async (w) => {
    const now = clock.now();
    const before = await w.get<Stored>(
      'SELECT request_hash, status, body FROM idempotency_keys WHERE principal = ? AND key = ? AND created_at > ?',
      [principal, key, now - IDEMPOTENCY_KEPT_MS],
    );
    if (before) return { ...before, replayed: true };
    const body = JSON.stringify(await command(w, now));
    await w.run(
      `INSERT INTO idempotency_keys (principal, key, request_hash, status, body, created_at) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (principal, key) DO UPDATE SET request_hash = excluded.request_hash, status = excluded.status,
         body = excluded.body, created_at = excluded.created_at`,
      [principal, key, requestHash, status, body, now],
    );
    return { request_hash: requestHash, status, body, replayed: false };
  });
  if (stored.request_hash !== requestHash) {
    throw new Refusal(
      409,
      'idempotency_conflict',
      'This Idempotency-Key was used for another request. Use a new key for each new request.',
    );
  }
  if (stored.replayed) c.header('idempotency-replayed', 'true');
  return stored;
}

/** Deletes at most `limit` keys that are too old to be asked for again, and returns how many there were. */
export async function forgetIdempotencyKeys(w: WriteHandle, limit: number, now: number): Promise<number> {
  const { changes } = await w.run(
    `DELETE FROM idempotency_keys WHERE (principal, key) IN
       (SELECT principal, key FROM idempotency_keys WHERE created_at <= ? LIMIT ?)`,
    [now - IDEMPOTENCY_KEPT_MS, limit],
  );
  return changes;
}

function answer<T, S extends 200 | 201 | 202>(c: Context<AppEnv>, body: string, status: S) {
  const response = c.body(body, status, { 'content-type': 'application/json' });
  return response as unknown as Response & TypedResponse<T extends JSONValue ? T : never, S, 'json'> as Response &
    TypedResponse<T, S, 'json'>;
}
