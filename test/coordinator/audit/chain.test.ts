/** The log of a real coordinator, tampered with in its file while it is stopped, as whoever has the machine can. */
import { createHash } from 'node:crypto';
import path from 'node:path';
import fc from 'fast-check';
import Libsql from 'libsql';
import { expect, test } from 'vitest';
import { recordAudit, SYSTEM } from '../../../coordinator/audit/record.ts';
import { listAudit, readHead } from '../../../coordinator/audit/queries.ts';
import { migrations } from '../../../coordinator/storage/migrations.ts';
import { openDatabase } from '../../../coordinator/storage/open.ts';
import { systemClock } from '../../../shared/base/clock.ts';
import { CHAIN_START, chainText, checkChain, compareHead, type ChainLink } from '../../../shared/model/audit-chain.ts';
import type { AuditEntry } from '../../../shared/protocol/rest/audit.ts';
import { tempFolder } from '../../support/folders.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

async function open(file: string) {
  return openDatabase({
    file,
    migrations,
    clock: systemClock,
    report: (error) => {
      throw error;
    },
  });
}

/** A log with `count` entries; returns its file and its head. */
async function writeLog(count: number): Promise<{ file: string; head: ChainLink }> {
  const file = path.join(tempFolder(), 'playfleet.db');
  const db = await open(file);
  for (let n = 1; n <= count; n++) {
    const deed = { ...SYSTEM, action: 'token.created', target: `token ${n}`, data: { n, odd: n % 2 === 1 } } as const;
    await db.write((w) => recordAudit(w, deed, 1_700_000_000_000 + n));
  }
  const head = await db.read(readHead);
  await db.close();
  return { file, head: head! };
}

/** As somebody with a database tool would, triggers out of the way. */
function tamper(file: string, ...statements: string[]): void {
  const db = new Libsql(file);
  db.exec('DROP TRIGGER audit_never_changes; DROP TRIGGER audit_never_shrinks');
  for (const sql of statements) db.exec(sql);
  db.close();
}

async function verify(file: string, noted: ChainLink | null = null) {
  const db = await open(file);
  const entries = await db.read((r) => listAudit(r, { order: 'oldest' }, { limit: 1000, after: null }));
  const issued = (await db.read(readHead))?.issued ?? 0;
  await db.close();
  const { last, broken } = checkChain(CHAIN_START, entries, sha256);
  const hashAt = entries.find((entry) => entry.seq === noted?.seq)?.hash ?? null;
  return { entries, broken: broken ?? compareHead(last, { issued, noted, hashAt }) };
}

/** The hashes of all entries from `seq` on, made anew: what a careful forger does. */
function resealed(entries: AuditEntry[], from: number, upTo = Infinity): string[] {
  const statements: string[] = [];
  let previous = entries[from - 2]?.hash ?? CHAIN_START.hash;
  for (const entry of entries.slice(from - 1)) {
    if (entry.seq > upTo) break;
    const hash = sha256(chainText(previous, entry));
    statements.push(`UPDATE audit SET previous = '${previous}', hash = '${hash}' WHERE seq = ${entry.seq}`);
    previous = hash;
  }
  return statements;
}

test('an untouched log holds, also against a head noted earlier', async () => {
  const { file, head } = await writeLog(20);
  expect((await verify(file, head)).broken).toBeNull();
  const db = await open(file);
  await db.write((w) => recordAudit(w, { ...SYSTEM, action: 'settings.changed' }, 1_800_000_000_000));
  await db.close();
  expect((await verify(file, head)).broken).toBeNull();
});

test('a changed entry is named, whichever field was changed', async () => {
  for (const change of ["target = 'other'", "data = '{}'", 'at = at + 1', "actor = 'user:x'", "address = '10.0.0.1'"]) {
    const { file } = await writeLog(9);
    tamper(file, `UPDATE audit SET ${change} WHERE seq = 5`);
    expect((await verify(file)).broken, change).toMatchObject({ kind: 'changed', seq: 5 });
  }
});

test('a changed entry whose own hash was made anew is named', async () => {
  const { file } = await writeLog(9);
  tamper(file, "UPDATE audit SET target = 'other' WHERE seq = 5");
  tamper2(file, resealed((await verify(file)).entries, 5, 5));
  expect((await verify(file)).broken).toMatchObject({ kind: 'changed', seq: 5 });
});

test('removed entries are named: at the beginning, in the middle, at the end, renumbered', async () => {
  const cases: [string[], number][] = [
    [['DELETE FROM audit WHERE seq <= 2'], 1],
    [['DELETE FROM audit WHERE seq IN (4, 5)'], 4],
    [['DELETE FROM audit WHERE seq >= 8'], 8],
    [['DELETE FROM audit WHERE seq = 4', 'UPDATE audit SET seq = seq - 1 WHERE seq > 4'], 4],
  ];
  for (const [statements, seq] of cases) {
    const { file } = await writeLog(9);
    tamper(file, ...statements);
    expect((await verify(file)).broken, statements.join('; ')).toMatchObject({ kind: 'removed', seq });
  }
});

test('what is written after entries were removed at the end does not hide the gap', async () => {
  const { file } = await writeLog(9);
  tamper(file, 'DELETE FROM audit WHERE seq >= 8');
  const db = await open(file);
  await db.write((w) => recordAudit(w, { ...SYSTEM, action: 'settings.changed' }, 1_800_000_000_000));
  await db.close();
  expect((await verify(file)).broken).toMatchObject({ kind: 'removed', seq: 8 });
});

test('an entry put in between is named', async () => {
  const { file } = await writeLog(9);
  const columns = 'at, actor, actor_name, address, action, target, data, previous, hash';
  tamper(
    file,
    ...[9, 8, 7, 6, 5].map((seq) => `UPDATE audit SET seq = ${seq + 1} WHERE seq = ${seq}`),
    `INSERT INTO audit (seq, ${columns}) SELECT 5, ${columns} FROM audit WHERE seq = 4`,
    `UPDATE audit SET target = 'forged', previous = (SELECT hash FROM audit WHERE seq = 4) WHERE seq = 5`,
  );
  const { entries } = await verify(file);
  tamper2(file, resealed(entries, 5, 5));
  expect((await verify(file)).broken).toMatchObject({ kind: 'inserted', seq: 5 });
});

test('a history that was rewritten whole is told by a head noted outside', async () => {
  const { file, head } = await writeLog(9);
  tamper(file, "UPDATE audit SET target = 'other' WHERE seq = 5");
  tamper2(file, resealed((await verify(file)).entries, 5));
  expect((await verify(file)).broken).toBeNull();
  expect((await verify(file, head)).broken).toMatchObject({ kind: 'changed', seq: 9 });
  const shorter = await writeLog(9);
  tamper(shorter.file, 'DELETE FROM audit WHERE seq >= 8', "UPDATE sqlite_sequence SET seq = 7 WHERE name = 'audit'");
  expect((await verify(shorter.file)).broken).toBeNull();
  expect((await verify(shorter.file, shorter.head)).broken).toMatchObject({ kind: 'removed', seq: 8 });
});

test('our own programs cannot change or remove an entry', async () => {
  const { file } = await writeLog(3);
  const db = await open(file);
  await expect(db.write((w) => w.run("UPDATE audit SET target = 'x'"))).rejects.toThrow('append-only');
  await expect(db.write((w) => w.run('DELETE FROM audit'))).rejects.toThrow('append-only');
  await db.close();
  expect((await verify(file)).broken).toBeNull();
});

test('a deed that is refused leaves no entry, and those around it stay chained', async () => {
  const file = path.join(tempFolder(), 'playfleet.db');
  const db = await open(file);
  const deed = { ...SYSTEM, action: 'token.created' } as const;
  const answers = await Promise.allSettled(
    Array.from({ length: 30 }, (_, n) =>
      db.write(async (w) => {
        await recordAudit(w, { ...deed, target: String(n) }, n);
        if (n % 3 === 0) throw new Error('refused');
      }),
    ),
  );
  expect(answers.filter(({ status }) => status === 'rejected')).toHaveLength(10);
  await db.close();
  const { entries, broken } = await verify(file);
  expect(broken).toBeNull();
  expect(entries.map((entry) => entry.target)).toEqual([...Array(30).keys()].filter((n) => n % 3).map(String));
});

test('whatever names and values are written, the log holds when it is read again', async () => {
  const file = path.join(tempFolder(), 'playfleet.db');
  const db = await open(file);
  await fc.assert(
    fc.asyncProperty(
      fc.string({ unit: 'binary' }),
      fc.string(),
      fc.dictionary(fc.string(), fc.integer()),
      async (name, value, data) => {
        const deed = {
          ...SYSTEM,
          actorName: name,
          action: 'settings.changed',
          target: value,
          data: { ...data, value },
        } as const;
        await db.write((w) => recordAudit(w, deed, 1_700_000_000_000));
      },
    ),
    { numRuns: 200, examples: [['\ud800', '\0', { '2': 1, '1': 2, __proto__: 3 }]] },
  );
  await db.close();
  const { entries, broken } = await verify(file);
  expect(broken).toBeNull();
  expect(entries.length).toBeGreaterThanOrEqual(200);
});

/** Once more, the triggers being gone already. */
function tamper2(file: string, statements: string[]): void {
  const db = new Libsql(file);
  for (const sql of statements) db.exec(sql);
  db.close();
}
