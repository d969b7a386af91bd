import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Authenticator } from '../../../coordinator/identity/authenticator.ts';
import { createToken } from '../../../coordinator/identity/create-token.ts';
import { exchangeAdminLink } from '../../../coordinator/identity/exchange-admin-link.ts';
import { revokeToken } from '../../../coordinator/identity/revoke-token.ts';
import { newSecret, secretKind } from '../../../coordinator/identity/secrets.ts';
import { spendToken } from '../../../coordinator/identity/spend-token.ts';
import { createPerson } from '../../../coordinator/people/accounts.ts';
import { openSession } from '../../../coordinator/people/sessions.ts';
import type { Database, ReadHandle } from '../../../coordinator/storage/database.ts';
import { migrations } from '../../../coordinator/storage/migrations.ts';
import { openDatabase } from '../../../coordinator/storage/open.ts';
import { tempFolder } from '../../support/folders.ts';

/** A clock that stands still until a test moves it. */
async function setUp() {
  const clock = { time: 1_000_000, now: () => clock.time, monotonic: () => clock.time, after: () => () => undefined };
  const report = (error: unknown) => {
    throw error;
  };
  const db = await openDatabase({ file: path.join(tempFolder(), 'playfleet.db'), migrations, clock, report });
  onTestFinished(() => db.close());
  const authenticator = new Authenticator({ db, clock, sessionIdleMs: () => 3_600_000, report });
  return { clock, db, authenticator };
}

test('a session ends when it is not used for a while, and in any case at its end; a page that is left open is no use', async () => {
  const { clock, db, authenticator } = await setUp();
  const hour = 3_600_000;
  const secret = await db.write(async (w) => {
    const wanted = { email: 'kim@example.com', name: 'Kim', passwordHash: null, createdBy: 'me' };
    const personId = await createPerson(
      w,
      { ...wanted, admin: false, member: { teamId: 'default', role: 'runner' } },
      clock.time,
    );
    const browser = { address: '', userAgent: '', language: null };
    return (await openSession(w, { personId, method: 'password', browser, lifeMs: 10 * hour }, clock.time)).secret;
  });
  expect(await authenticator.identify(secret, 'header')).toBeNull();
  for (let i = 0; i < 4; i += 1) {
    expect(await authenticator.identify(secret, 'cookie')).toMatchObject({ name: 'Kim', role: 'runner' });
    clock.time += hour - 1;
    expect(await authenticator.look(secret, 'cookie')).not.toBeNull();
  }
  expect(await authenticator.identify(secret, 'cookie')).toMatchObject({ teams: new Map([['default', 'runner']]) });
  clock.time += hour / 2;
  expect(await authenticator.look(secret, 'cookie')).not.toBeNull();
  clock.time += hour / 2;
  expect(await authenticator.look(secret, 'cookie')).toBeNull();
  expect(await authenticator.identify(secret, 'cookie')).toBeNull();
  authenticator.forget();
  expect(await authenticator.identify(secret, 'cookie')).toBeNull();
});

test('a token with an end works until then, also when it is remembered', async () => {
  const { clock, db, authenticator } = await setUp();
  const made = await db.write((w) =>
    createToken(w, { kind: 'api', name: 'ci', role: 'runner', createdBy: 'me', lifeSeconds: 60 }, clock.time),
  );
  clock.time += 59_999;
  expect(await authenticator.identify(made.secret)).toEqual({
    kind: 'user',
    id: made.id,
    name: 'ci',
    role: 'runner',
    teams: null,
    session: null,
  });
  clock.time += 1;
  expect(await authenticator.identify(made.secret)).toBeNull();
});

test("a worker's key works for as long as the setting says, also when it is remembered", async () => {
  const { clock, db } = await setUp();
  let life = 60_000;
  const report = (error: unknown) => {
    throw error;
  };
  const options = { db, clock, sessionIdleMs: () => Infinity, report };
  const authenticator = new Authenticator({ ...options, workerKeyLifeMs: () => life });
  const key = newSecret('worker');
  await db.write((w) =>
    w.run(
      `INSERT INTO workers (id, hostname, ip_address, online, capabilities, key_hash, key_created_at, last_seen_at, created_at)
       VALUES ('w', 'mill', '', 1, '{}', ?, ?, 0, 0)`,
      [key.hash, clock.time],
    ),
  );
  clock.time += 59_999;
  expect(await authenticator.identify(key.text)).toEqual({ kind: 'worker', workerId: 'w' });
  clock.time += 1;
  expect(await authenticator.identify(key.text)).toBeNull();
  life = Infinity;
  expect(await authenticator.identify(key.text)).toEqual({ kind: 'worker', workerId: 'w' });
});

test('join tokens and admin links are refused from their end on', async () => {
  const { clock, db } = await setUp();
  const join = await db.write((w) =>
    createToken(w, { kind: 'join', name: 'j', role: null, createdBy: 'me' }, clock.time),
  );
  const link = await db.write((w) =>
    createToken(w, { kind: 'admin_link', name: 'l', role: null, createdBy: 'me' }, clock.time),
  );
  const late = clock.time + 3_600_000;
  await expect(db.write((w) => spendToken(w, join.secret, { kind: 'join', usedBy: 'w' }, late))).rejects.toThrow(
    /has expired/,
  );
  await expect(db.write((w) => exchangeAdminLink(w, { secret: link.secret, name: 'Kim' }, late))).rejects.toThrow(
    /has expired/,
  );
  await db.write((w) => spendToken(w, join.secret, { kind: 'join', usedBy: 'w' }, late - 1));
});

test('a token that is revoked while it is being looked up is not remembered', async () => {
  const { clock, db } = await setUp();
  const made = await db.write((w) =>
    createToken(w, { kind: 'api', name: 'ci', role: 'runner', createdBy: 'me' }, clock.time),
  );
  const looked = Promise.withResolvers<void>();
  const revoked = Promise.withResolvers<void>();
  // The answer of the look-up arrives only after the revocation.
  const slow: Database = Object.assign(Object.create(db) as Database, {
    epoch: db.epoch,
    write: db.write.bind(db),
    read: async <T>(fn: (r: ReadHandle) => Promise<T>): Promise<T> => {
      const answer = await db.read(fn);
      looked.resolve();
      await revoked.promise;
      return answer;
    },
  });
  const authenticator = new Authenticator({ db: slow, clock, sessionIdleMs: () => 3_600_000, report: () => undefined });
  const first = authenticator.identify(made.secret);
  await looked.promise;
  await db.write((w) =>
    revokeToken(
      w,
      made.id,
      {
        me: { kind: 'user', id: 'me', name: 'me', role: 'admin', teams: null, session: null },
        onRevoked: () => authenticator.forget(),
      },
      clock.time,
    ),
  );
  revoked.resolve();
  await first;
  expect(await authenticator.identify(made.secret)).toBeNull();
});

test('the use of a token is noted once a minute', async () => {
  const { clock, db, authenticator } = await setUp();
  const made = await db.write((w) =>
    createToken(w, { kind: 'api', name: 'ci', role: 'runner', createdBy: 'me' }, clock.time),
  );
  const lastUse = async () => {
    const row = await db.read((r) =>
      r.get<{ last_used_at: number | null }>('SELECT last_used_at FROM tokens WHERE id = ?', [made.id]),
    );
    return row?.last_used_at;
  };
  await authenticator.identify(made.secret);
  await db.write(async () => undefined);
  expect(await lastUse()).toBe(1_000_000);
  const before = db.stats().commands;
  clock.time += 59_999;
  for (let n = 0; n < 10; n++) await authenticator.identify(made.secret);
  expect(db.stats().commands).toBe(before);
  clock.time += 1;
  await authenticator.identify(made.secret);
  await db.write(async () => undefined);
  expect(await lastUse()).toBe(1_060_000);
});

test('secrets have 256 bits and say what they are', () => {
  const all = new Set(Array.from({ length: 1000 }, () => newSecret('worker').text));
  expect(all.size).toBe(1000);
  for (const kind of ['join', 'admin_link', 'api', 'worker'] as const) {
    const { text, hash } = newSecret(kind);
    expect(Buffer.from(text.slice(4), 'base64url')).toHaveLength(32);
    expect(secretKind(text)).toBe(kind);
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
  }
  for (const text of ['', 'pfx_' + 'a'.repeat(43), 'pft_' + 'a'.repeat(42), 'pft_' + 'ü'.repeat(43)])
    expect(secretKind(text)).toBeNull();
});
