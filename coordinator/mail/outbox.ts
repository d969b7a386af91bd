/** The queue of mails in the database. */
import { newId } from '../../shared/base/id.ts';
import { seal, unseal } from '../identity/data-key.ts';
import type { ReadHandle, WriteHandle } from '../storage/database.ts';
import { AT_MOST, type LetterKind } from './letters.ts';
import type { Content } from './render.ts';

/** More waiting at once means that the mail server has been away for long: what comes then is left out. */
const MOST_WAITING = 1000;
/** How long ended ones are kept to look at. */
const KEEP_MS = 30 * 86_400_000;
const MOST_ERROR = 500;

export interface NewMail {
  kind: LetterKind;
  recipient: string;
  content: Content;
  expiresAt: number;
}

export interface WaitingMail {
  id: string;
  kind: LetterKind;
  recipient: string;
  /** Sealed. */
  content: string;
  expires_at: number;
  tries: number;
}

/** False where too many wait, or the recipient has had enough of this kind for now. */
export async function hasRoom(r: ReadHandle, kind: LetterKind, recipient: string, now: number): Promise<boolean> {
  const { count, withinMs } = AT_MOST[kind];
  const row = await r.get<{ waiting: number; recent: number }>(
    `SELECT (SELECT count(*) FROM mails WHERE state = 'waiting') AS waiting,
       (SELECT count(*) FROM mails WHERE recipient = ? AND kind = ? AND created_at > ?) AS recent`,
    [recipient, kind, now - withinMs],
  );
  return (row?.waiting ?? 0) < MOST_WAITING && (row?.recent ?? 0) < count;
}

export async function addMail(w: WriteHandle, mail: NewMail, key: Uint8Array, now: number): Promise<void> {
  const id = newId(now);
  const content = seal(JSON.stringify(mail.content), key, placeOf(id));
  await w.run(
    `INSERT INTO mails (id, kind, recipient, content, created_at, expires_at, next_try_at) VALUES (?, ?, ?, ?, ?, ?, ?)`,
    [id, mail.kind, mail.recipient, content, now, mail.expiresAt, now],
  );
}

/** The one whose turn is first, and when that is. */
export async function nextMail(r: ReadHandle): Promise<(WaitingMail & { next_try_at: number }) | undefined> {
  return r.get(
    `SELECT id, kind, recipient, content, expires_at, tries, next_try_at FROM mails
     WHERE state = 'waiting' ORDER BY next_try_at, rowid LIMIT 1`,
  );
}

/** null where it was sealed with another key. */
export function openMail({ id, content }: Pick<WaitingMail, 'id' | 'content'>, key: Uint8Array): Content | null {
  const text = unseal(content, key, placeOf(id));
  return text === null ? null : (JSON.parse(text) as Content);
}

export async function endMail(w: WriteHandle, id: string, error: string | null, now: number): Promise<void> {
  await w.run(
    `UPDATE mails SET state = ?, content = NULL, ended_at = ?, error = ?, tries = tries + 1 WHERE id = ? AND state = 'waiting'`,
    [error === null ? 'sent' : 'failed', now, error?.slice(0, MOST_ERROR) ?? null, id],
  );
}

/** `nextTryAt` null: its turn stays as it is. */
export async function postponeMail(w: WriteHandle, id: string, error: string, nextTryAt: number | null): Promise<void> {
  await w.run(
    `UPDATE mails SET tries = tries + 1, error = ?, next_try_at = coalesce(?, next_try_at) WHERE id = ? AND state = 'waiting'`,
    [error.slice(0, MOST_ERROR), nextTryAt, id],
  );
}

export interface MailCounts {
  waiting: number;
  oldest_waiting: number | null;
  last_sent: number | null;
  failed: number;
}

export async function countMails(r: ReadHandle): Promise<MailCounts> {
  return (await r.get<MailCounts>(
    `SELECT (SELECT count(*) FROM mails WHERE state = 'waiting') AS waiting,
       (SELECT min(created_at) FROM mails WHERE state = 'waiting') AS oldest_waiting,
       (SELECT max(ended_at) FROM mails WHERE state = 'sent') AS last_sent,
       (SELECT count(*) FROM mails WHERE state = 'failed') AS failed`,
  ))!;
}

export interface Trouble {
  id: string;
  kind: LetterKind;
  recipient: string;
  state: 'waiting' | 'failed';
  created_at: number;
  tries: number;
  error: string;
}

/** Mails that could not be sent, or not yet, newest first. */
export async function troubles(r: ReadHandle, limit: number): Promise<Trouble[]> {
  return r.all<Trouble>(
    `SELECT id, kind, recipient, state, created_at, tries, error FROM mails
     WHERE error IS NOT NULL AND state <> 'sent' ORDER BY id DESC LIMIT ?`,
    [limit],
  );
}

/** Deletes at most `limit` that ended long ago, and returns how many there were. */
export async function forgetMails(w: WriteHandle, limit: number, now: number): Promise<number> {
  const { changes } = await w.run(
    `DELETE FROM mails WHERE id IN (SELECT id FROM mails WHERE state <> 'waiting' AND ended_at <= ? LIMIT ?)`,
    [now - KEEP_MS, limit],
  );
  return changes;
}

/** Seals waiting mails with another key. Those that `from` does not open stay as they are. */
export async function resealMails(w: WriteHandle, from: Uint8Array, to: Uint8Array): Promise<number> {
  const rows = await w.all<WaitingMail>(`SELECT id, content FROM mails WHERE content IS NOT NULL`);
  let count = 0;
  for (const { id, content } of rows) {
    const text = unseal(content, from, placeOf(id));
    if (text === null) continue;
    await w.run('UPDATE mails SET content = ? WHERE id = ?', [seal(text, to, placeOf(id)), id]);
    count++;
  }
  return count;
}

const placeOf = (id: string): string => `mails/${id}`;
