/**
 * Signed, short-lived tokens that open one tree or one file on the content origin, and nothing else. Trees and files are signed with keys of
 * their own: bytes that a test attached are never read as the list of a tree.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

export interface ContentClaim {
  /** Of the tree, or of the file. */
  sha256: string;
  /** Milliseconds since the epoch. */
  expiresAt: number;
}

/** A path segment: `<sha256>.<expiry in base 36>.<signature>`. */
export function signContent(claim: ContentClaim, key: Uint8Array): string {
  const text = `${claim.sha256}.${claim.expiresAt.toString(36)}`;
  return `${text}.${signature(text, key)}`;
}

/** null where the token was not made with this key, was changed, or is over at `now`. */
export function readContentToken(token: string, key: Uint8Array, now: number): ContentClaim | null {
  const match = /^(([0-9a-f]{64})\.([0-9a-z]{1,12}))\.([\w-]{43})$/.exec(token);
  if (!match) return null;
  const [, text = '', sha256 = '', expiry = '', given = ''] = match;
  if (!timingSafeEqual(Buffer.from(signature(text, key)), Buffer.from(given))) return null;
  const expiresAt = Number.parseInt(expiry, 36);
  return expiresAt > now ? { sha256, expiresAt } : null;
}

const signature = (text: string, key: Uint8Array) => createHmac('sha256', key).update(text).digest('base64url');
