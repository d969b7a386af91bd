/**
 * Secrets that we hand out: a prefix that tells people and secret scanners what it is, and 32 random bytes. Only hashes are stored. Tokens may be
 * shown with the coordinator's pin behind them (shared/protocol/pin.ts), as they were handed out: it is for whoever shows them, and not looked at.
 */
import { createHash, randomBytes } from 'node:crypto';
import { readPinned } from '../../shared/protocol/pin.ts';

/**
 * join, admin_link, api: tokens. worker: the key of one worker. session: a browser in which somebody is signed in. device: a browser that is
 * not asked for a second factor. browser: one that somebody has signed in with before. ticket: an invitation, a reset, a step of a sign-in. sync: a machine that brings home what it did
 * as a promoted coordinator.
 */
export type SecretKind =
  'join' | 'admin_link' | 'api' | 'worker' | 'session' | 'device' | 'browser' | 'ticket' | 'sync';

const PREFIX: Record<SecretKind, string> = {
  join: 'pfj_',
  admin_link: 'pfa_',
  api: 'pft_',
  worker: 'pfw_',
  session: 'pfs_',
  device: 'pfd_',
  browser: 'pfb_',
  ticket: 'pfk_',
  sync: 'pfy_',
};

export interface Secret {
  /** Is shown once and not kept. */
  text: string;
  /** Is stored. */
  hash: string;
}

export function newSecret(kind: SecretKind): Secret {
  const text = `${PREFIX[kind]}${randomBytes(32).toString('base64url')}`;
  return { text, hash: hashSecret(text) };
}

/**
 * SHA-256 as hex: 256 random bits need no slow hash. Secrets are looked up by this hash, so how long that takes says nothing about how
 * much of a guess was right.
 */
export function hashSecret(text: string): string {
  return createHash('sha256')
    .update(readPinned(text)?.token ?? text)
    .digest('hex');
}

/** What a text claims to be; null for what is no secret of ours. */
export function secretKind(text: string): SecretKind | null {
  const secret = readPinned(text)?.token ?? '';
  if (!/^pf[a-z]_[A-Za-z0-9_-]{43}$/.test(secret)) return null;
  return (Object.keys(PREFIX) as SecretKind[]).find((kind) => secret.startsWith(PREFIX[kind])) ?? null;
}
