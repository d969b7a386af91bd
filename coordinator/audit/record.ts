/** Writes the audit log: in the command of what it tells of, so that both are stored or neither. */
import { createHash } from 'node:crypto';
import type { Context } from 'hono';
import { CHAIN_START, chainText } from '../../shared/model/audit-chain.ts';
import type { AuditAction } from '../../shared/protocol/rest/audit.ts';
import { isoTime } from '../../shared/protocol/rest/common.ts';
import type { AppEnv } from '../http/env.ts';
import { principalKey, type Principal } from '../http/principal.ts';
import type { WriteHandle } from '../storage/database.ts';
import { readHead } from './queries.ts';

export interface Actor {
  /** user:<token id>, person:<id>, worker:<id>, sync:<id>, system, nobody */
  actor: string;
  actorName: string;
  /** Network address; '' for the coordinator itself. */
  address: string;
}

export const SYSTEM: Actor = { actor: 'system', actorName: 'coordinator', address: '' };

/** Who sends a request. */
export function actorOf(c: Context<AppEnv>): Actor {
  return toActor(c.var.principal, c.env.incoming.socket.remoteAddress);
}

export function toActor(principal: Principal | null, address = ''): Actor {
  if (principal === null) return { actor: 'nobody', actorName: '', address };
  return { actor: principalKey(principal), actorName: principal.kind === 'worker' ? '' : principal.name, address };
}

export interface Deed extends Actor {
  action: AuditAction;
  /** Name or id of what it was done to. */
  target?: string;
  /** Never secrets: the log is read by every admin and kept for ever. */
  data?: Record<string, string | number | boolean | null | readonly string[]>;
}

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

export async function recordAudit(w: WriteHandle, deed: Deed, now: number): Promise<void> {
  const head = (await readHead(w)) ?? { ...CHAIN_START, issued: 0 };
  const entry = {
    // Behind all that was ever written, so that a gap stays where entries were removed.
    seq: Math.max(head.seq, head.issued) + 1,
    at: isoTime(now),
    actor: deed.actor,
    actor_name: clean(deed.actorName),
    address: deed.address,
    action: deed.action,
    target: clean(deed.target ?? ''),
    data: JSON.parse(clean(JSON.stringify(deed.data ?? {}))) as Record<string, never>,
  };
  const hash = sha256(chainText(head.hash, entry));
  await w.run(
    'INSERT INTO audit (seq, at, actor, actor_name, address, action, target, data, previous, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
    [
      entry.seq,
      now,
      entry.actor,
      entry.actor_name,
      entry.address,
      entry.action,
      entry.target,
      JSON.stringify(entry.data),
      head.hash,
      hash,
    ],
  );
}

/** As the database will give it back: it cannot keep a NUL, nor half of a surrogate pair. */
const clean = (text: string): string => text.replaceAll('\0', '\u2400').toWellFormed();
