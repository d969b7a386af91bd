/**
 * Signing in. A try is counted before the password is looked at, so that many at once gain nothing; unknown people take as long as known
 * ones; and one answer stands for unknown, wrong and locked, so that it tells nobody which.
 */
import type { Clock } from '../../shared/base/clock.ts';
import { recordAudit, type Actor } from '../audit/record.ts';
import { badField, Refusal } from '../http/refusal.ts';
import type { Database, WriteHandle } from '../storage/database.ts';
import type { Passwords } from './passwords.ts';
import { accountByEmail, accountById, type Account } from './queries.ts';
import type { Post } from '../mail/mailer.ts';
import { describeBrowser, lockMs } from './rules.ts';
import { meetBrowser, openSession, trustDevice, useDevice, type Browser } from './sessions.ts';
import { createTicket, readTicket, spendTicket } from './tickets.ts';
import { useBackupCode, useTotp, type TotpKey } from './totp.ts';

const SECOND_STEP_MS = 10 * 60_000;
/** Refusals leave at multiples of it after the request came: what was done for them cannot be read from their time. */
const GRID_MS = 250;

export interface SignInDeps {
  db: Database;
  clock: Clock;
  passwords: Passwords;
  totpKey: TotpKey;
  /** Writes to people what they should know of their account. */
  mail: Post;
  /** How long a session lives at most. */
  sessionLifeMs: () => number;
}

/** `done` with the secrets for cookies (null: none to set), or the ticket for the second step. */
export type SignInResult =
  | { step: 'done'; session: string; device: string | null; known: string | null }
  | { step: 'second_factor'; ticket: string };

export interface Where {
  browser: Browser;
  /** The secret of the cookie that a trusted browser keeps. */
  device: string | null;
  /** The secret of the cookie that a browser keeps with which somebody has signed in before. */
  known: string | null;
  actor: Actor;
}

export async function signIn(
  deps: SignInDeps,
  { email, password }: { email: string; password: string },
  where: Where,
): Promise<SignInResult> {
  const { db, clock, passwords } = deps;
  const started = clock.monotonic();
  const counted = await db.write(async (w) => {
    const account = await accountByEmail(w, email);
    return account ? countTry(w, account, clock.now()) : null;
  });
  const right = await passwords.matches(counted?.password_hash ?? null, password);
  if (!counted || !right) {
    if (counted) await db.write((w) => noteFailure(w, deps, counted, 'password', where, clock.now()));
    await untilGrid(clock, started);
    throw signInFailed();
  }
  return db.write(async (w) => {
    const now = clock.now();
    const account = await accountById(w, counted.id);
    // Changed meanwhile: what was compared is not the password any more.
    if (!account || account.password_hash !== counted.password_hash) throw signInFailed();
    await w.run('UPDATE people SET failures = ?, locked_until = NULL WHERE id = ?', [counted.failures, counted.id]);
    return proceed(w, deps, account, 'password', where, now);
  });
}

/** Behind whatever proves who somebody is: the session, or the question for the second factor. */
export async function proceed(
  w: WriteHandle,
  deps: SignInDeps,
  account: Account,
  method: string,
  where: Where,
  now: number,
): Promise<SignInResult> {
  if (account.totp_confirmed_at !== null && !(await useDevice(w, account.id, where.device, now))) {
    const wanted = { kind: 'second_factor', personId: account.id, data: { method }, createdBy: account.email } as const;
    const { secret } = await createTicket(w, { ...wanted, lifeMs: SECOND_STEP_MS }, now);
    return { step: 'second_factor', ticket: secret };
  }
  return { step: 'done', ...(await open(w, deps, account, method, where, now)), device: null };
}

export async function secondFactor(
  deps: SignInDeps,
  { ticket: secret, code, trust }: { ticket: string; code: string; trust: boolean },
  where: Where,
): Promise<SignInResult> {
  const { db, clock, totpKey } = deps;
  const result = await db.write(async (w): Promise<SignInResult | null> => {
    const now = clock.now();
    const ticket = await readTicket(w, secret, 'second_factor', now);
    const account = await accountById(w, ticket.person_id ?? '');
    const counted = account && (await countTry(w, account, now));
    if (!account || !counted) return null;
    const byCode = await useTotp(w, account, code, totpKey, now);
    const byBackup = !byCode && (await useBackupCode(w, account.id, code, totpKey));
    if (!byCode && !byBackup) {
      await noteFailure(w, deps, counted, 'second factor', where, now);
      return null;
    }
    await spendTicket(w, secret, 'second_factor', now);
    const { method } = JSON.parse(ticket.data) as { method: string };
    if (byBackup) {
      const left = await w.get<{ n: number }>('SELECT count(*) AS n FROM backup_codes WHERE person_id = ?', [
        account.id,
      ]);
      const who = actorFor(account, where);
      await recordAudit(w, { ...who, action: 'second_factor.backup_code_used', data: { left: left?.n ?? 0 } }, now);
    }
    const opened = await open(w, deps, account, method, where, now);
    if (!trust) return { step: 'done', ...opened, device: null };
    const device = await trustDevice(w, account.id, where.browser, now);
    await recordAudit(w, { ...actorFor(account, where), action: 'device.trusted' }, now);
    return { step: 'done', ...opened, device };
  });
  if (result) return result;
  throw new Refusal(
    401,
    'sign_in_failed',
    'This code is wrong, was used already, or too many were tried: wait a little.',
  );
}

/** The password of somebody who is signed in already, before something grave. Throws a 422 for the field that holds it. */
export async function confirmPassword(
  deps: Pick<SignInDeps, 'db' | 'clock' | 'passwords' | 'mail'>,
  personId: string,
  { field, password }: { field: string; password: string },
  where: Pick<Where, 'actor'>,
): Promise<Account> {
  const { db, clock, passwords } = deps;
  const counted = await db.write(async (w) => {
    const account = await accountById(w, personId);
    return account ? countTry(w, account, clock.now()) : null;
  });
  const right = await passwords.matches(counted?.password_hash ?? null, password);
  if (counted && right) {
    await db.write((w) =>
      w.run('UPDATE people SET failures = ?, locked_until = NULL WHERE id = ?', [counted.failures, personId]),
    );
    return counted;
  }
  if (counted) await db.write((w) => noteFailure(w, deps, counted, 'password', where, clock.now()));
  throw badField(field, 'is not your password, or too many were tried: then wait a little');
}

/**
 * Counts a try, and locks the account from now on where there were too many; what comes meanwhile is refused unseen. Returns the account as
 * it was before; null while it is locked.
 */
async function countTry(w: WriteHandle, account: Account, now: number): Promise<Account | null> {
  if (account.locked_until !== null && account.locked_until > now) return null;
  const failures = account.failures + 1;
  const ms = lockMs(failures);
  await w.run('UPDATE people SET failures = ?, locked_until = ? WHERE id = ?', [
    failures,
    ms === 0 ? null : now + ms,
    account.id,
  ]);
  return account;
}

async function noteFailure(
  w: WriteHandle,
  { mail }: Pick<SignInDeps, 'mail'>,
  before: Account,
  what: 'password' | 'second factor',
  where: Pick<Where, 'actor'>,
  now: number,
): Promise<void> {
  const deed = { ...where.actor, target: before.email };
  const failures = before.failures + 1;
  await recordAudit(w, { ...deed, action: 'session.refused', data: { person: before.id, wrong: what, failures } }, now);
  const ms = lockMs(failures);
  if (ms === 0) return;
  const data = { person: before.id, failures, seconds: ms / 1000 };
  await recordAudit(w, { ...deed, action: 'account.locked', data }, now);
  await mail.post(w, { kind: 'locked', to: before, data: { minutes: Math.ceil(ms / 60_000) } }, now);
}

async function open(
  w: WriteHandle,
  { sessionLifeMs, mail }: SignInDeps,
  account: Account,
  method: string,
  where: Where,
  now: number,
): Promise<{ session: string; known: string | null }> {
  const { browser } = where;
  const wanted = { personId: account.id, method, browser, lifeMs: sessionLifeMs() };
  const { id, secret } = await openSession(w, wanted, now);
  await recordAudit(
    w,
    { ...actorFor(account, where), action: 'session.opened', data: { by: method, session: id } },
    now,
  );
  const met = await meetBrowser(w, account.id, where.known, now);
  if (met.isNew) {
    const data = { browser: describeBrowser(browser.userAgent), address: browser.address, at: now };
    await mail.post(
      w,
      { kind: 'new_device', to: { ...account, language: browser.language ?? account.language }, data },
      now,
    );
  }
  return { session: secret, known: met.secret };
}

/** Who has just shown who they are. */
export const actorFor = (person: { id: string; name: string }, { actor }: Pick<Where, 'actor'>): Actor => ({
  actor: `person:${person.id}`,
  actorName: person.name,
  address: actor.address,
});

export const signInFailed = (): Refusal =>
  new Refusal(
    401,
    'sign_in_failed',
    'E-mail or password is wrong, or too many were tried for this account: then wait a little. An admin can make a link for a new password.',
  );

/** Resolves at the next beat after `started` (monotonic). */
export function untilGrid(clock: Clock, started: number): Promise<void> {
  const elapsed = clock.monotonic() - started;
  return new Promise((resolve) => void clock.after(Math.ceil(elapsed / GRID_MS) * GRID_MS - elapsed, resolve));
}
