/** Join codes by themselves: when they end, and what a new key leaves of them. */
import path from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { SYSTEM } from '../../../coordinator/audit/record.ts';
import { JoinCodes } from '../../../coordinator/joining/join-codes.ts';
import { endJoinCodes, forgetJoinCodes, getJoinCode } from '../../../coordinator/joining/queries.ts';
import { migrations } from '../../../coordinator/storage/migrations.ts';
import { openDatabase } from '../../../coordinator/storage/open.ts';
import { scryptSync } from 'node:crypto';
import { base64url, CODE_HASH, hashSalt, lookupOf, openAnswer, proofOf } from '../../../shared/protocol/joining.ts';
import { tempFolder } from '../../support/folders.ts';

vi.setConfig({ testTimeout: 60_000 });

const MINUTE = 60_000;
const pin = `pfp_${'k'.repeat(43)}`;

async function setUp() {
  const clock = { time: 1_000_000, now: () => clock.time, monotonic: () => clock.time, after: () => () => undefined };
  const report = (error: unknown) => {
    throw error;
  };
  const db = await openDatabase({ file: path.join(tempFolder(), 'playfleet.db'), migrations, clock, report });
  onTestFinished(() => db.close());
  const key = new Uint8Array(32).fill(1);
  const codes = new JoinCodes({ db, clock, key, salt: key, shownPin: pin, pin, name: 'mill' });
  const make = async () => {
    const { code, insert } = await codes.prepare();
    const wanted = { name: 'x', teamId: null, createdBy: 'me', personId: null, lifeMs: 10 * MINUTE };
    return { code, id: await db.write((w) => insert(w, wanted, clock.time)) };
  };
  /** As a machine that knows the code. */
  const proveWith = async (code: string, challenge = codes.hello(nonce)) => {
    const exchange = { pin, nonce, ...challenge };
    const { cost, blockSize, parallelization, bytes } = CODE_HASH;
    const options = { cost, blockSize, parallelization, maxmem: 2 ** 28 };
    const own = new Uint8Array(scryptSync(code, hashSalt(challenge.salt, pin), bytes, options));
    const shown = { ...challenge, nonce, lookup: await lookupOf(own), proof: await proofOf(own, 'machine', exchange) };
    return { shown, open: (sealed: string) => openAnswer(own, exchange, sealed) };
  };
  const state = async (id: string) => (await db.read((r) => getJoinCode(r, id, null, clock.time)))?.state ?? null;
  return { clock, db, codes, make, proveWith, state };
}

const nonce = base64url(new Uint8Array(32).fill(9));
const refused = { status: 401, code: 'token_refused' };

test('a code ends after its minutes, and is forgotten a day later', async () => {
  const { clock, db, codes, make, proveWith, state } = await setUp();
  const { code, id } = await make();
  clock.time += 10 * MINUTE;
  expect(await state(id)).toBe('expired');
  const { shown } = await proveWith(code);
  await expect(codes.prove(shown, SYSTEM)).rejects.toMatchObject(refused);
  clock.time += 24 * 60 * MINUTE;
  expect(await db.write((w) => forgetJoinCodes(w, 10, clock.time))).toBe(1);
  expect(await state(id)).toBeNull();
});

test('a challenge is answered within a minute, and an answer that is shown again opens nothing more', async () => {
  const { clock, codes, make, proveWith } = await setUp();
  const { code } = await make();
  const late = await proveWith(code);
  clock.time += MINUTE;
  await expect(codes.prove(late.shown, SYSTEM)).rejects.toMatchObject(refused);
  const { shown, open } = await proveWith(code);
  const { sealed } = await codes.prove(shown, SYSTEM);
  const grant = JSON.parse((await open(sealed)) ?? 'null') as { token: string; name: string };
  expect(grant).toEqual({ token: expect.stringMatching(/^pfj_[\w-]{43}\.pfp_k+$/) as string, name: 'mill' });
  await expect(codes.prove(shown, SYSTEM)).rejects.toMatchObject(refused);
  // Of another exchange with the same code, or changed by one letter: it stays closed.
  expect(await (await proveWith(code)).open(sealed)).toBeNull();
  expect(await open(`${sealed.slice(0, -2)}AA`)).toBeNull();
});

test('with a new key for what is sealed all codes end', async () => {
  const { clock, db, codes, make, proveWith, state } = await setUp();
  const { code, id } = await make();
  await db.write((w) => endJoinCodes(w, clock.time));
  expect(await state(id)).toBe('revoked');
  const { shown } = await proveWith(code);
  await expect(codes.prove(shown, SYSTEM)).rejects.toMatchObject(refused);
});
