import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { StatementSigner } from '../../../coordinator/offline/signer.ts';
import type { StatementClaims } from '../../../shared/protocol/offline/promotion.ts';
import { checkStatement } from '../../../src-main/agent/offline/statement.ts';

const DAY = 86_400_000;
const now = Date.parse('2026-11-21T12:00:00Z');
const pin = `pfp_${'A'.repeat(43)}`;
const central = new StatementSigner(randomBytes(32));
const claims: StatementClaims = {
  version: 1,
  origin: 'central',
  machine: { worker_id: 'w', name: 'laptop' },
  pin,
  issued_at: now - DAY,
  expires_at: now + DAY,
};
const expected = { origin: 'central', signingKey: central.publicKey, pin, now };

test('the word of our own coordinator counts', () => {
  expect(checkStatement(central.sign(claims), expected)).toEqual({ claims });
});

test('an impostor is told apart: signed by another, changed, for another coordinator, or with another certificate', () => {
  const stranger = new StatementSigner(randomBytes(32));
  expect(checkStatement(stranger.sign(claims), expected)).toMatchObject({
    problem: expect.stringContaining('impostor') as unknown,
  });
  const signed = central.sign(claims);
  const changed = { ...signed, claims: JSON.stringify({ ...claims, expires_at: now + 99 * DAY }) };
  expect(checkStatement(changed, expected)).toMatchObject({ problem: expect.stringContaining('impostor') as unknown });
  expect(checkStatement(central.sign({ ...claims, origin: 'other' }), expected)).toMatchObject({
    problem: expect.stringContaining('another coordinator') as unknown,
  });
  expect(checkStatement(signed, { ...expected, pin: `pfp_${'B'.repeat(43)}` })).toMatchObject({
    problem: expect.stringContaining('another certificate') as unknown,
  });
});

test('it counts for its time, with an hour for clocks that differ', () => {
  const at = (time: number) => checkStatement(central.sign(claims), { ...expected, now: time });
  expect(at(claims.expires_at + DAY)).toMatchObject({
    problem: expect.stringContaining('ended on 2026-11-22') as unknown,
  });
  expect(at(claims.issued_at - DAY)).toMatchObject({ problem: expect.stringContaining('clock') as unknown });
  expect(at(claims.expires_at + 60_000)).toEqual({ claims });
  expect(at(claims.issued_at - 60_000)).toEqual({ claims });
});
