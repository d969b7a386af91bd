/** Whether a promoted coordinator may stand in for ours: by the word of ours alone, which we have learned from it itself. */
import { createPublicKey, verify } from 'node:crypto';
import {
  STATEMENT_PURPOSE,
  statementClaims,
  type PromotionStatement,
  type StatementClaims,
} from '../../../shared/protocol/offline/promotion.ts';

/** Clocks of laptops differ. */
const TOLERANCE_MS = 60 * 60_000;

export interface Expected {
  /** Of our coordinator. */
  origin: string;
  /** Raw Ed25519 public key of our coordinator, base64url. */
  signingKey: string;
  /** Of the certificate that was shown; null: not asked yet. */
  pin: string | null;
  now: number;
}

/** The claims, or in words why they do not count. */
export function checkStatement(
  { claims: text, signature }: PromotionStatement,
  { origin, signingKey, pin, now }: Expected,
): { claims: StatementClaims } | { problem: string } {
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: signingKey }, format: 'jwk' });
  const isSigned = verify(null, Buffer.from(STATEMENT_PURPOSE + text), key, Buffer.from(signature, 'base64url'));
  if (!isSigned)
    return { problem: 'its statement was not signed by your coordinator: it is an impostor, or yours has a new key' };
  const parsed = statementClaims.safeParse(JSON.parse(text));
  if (!parsed.success) return { problem: 'its statement is of a version that this program does not read: update it' };
  const claims = parsed.data;
  if (claims.origin !== origin) return { problem: 'its statement is for another coordinator than yours' };
  if (pin !== null && claims.pin !== pin)
    return {
      problem: 'it shows another certificate than the one that your coordinator vouched for: it is an impostor',
    };
  if (claims.expires_at + TOLERANCE_MS <= now)
    return { problem: `the word of your coordinator for ${claims.machine.name} ended on ${day(claims.expires_at)}` };
  if (claims.issued_at - TOLERANCE_MS > now)
    return {
      problem: `its statement is of ${day(claims.issued_at)}, which is to come: is the clock of this machine right?`,
    };
  return { claims };
}

const day = (ms: number): string => new Date(ms).toISOString().slice(0, 16).replace('T', ' ');
