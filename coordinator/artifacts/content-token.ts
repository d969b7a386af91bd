/** Signed, short-lived tokens that open one tree on the content origin, and nothing else. */
import { createHmac, timingSafeEqual } from 'node:crypto';

export interface ContentClaim {
  /** The tree. */
  tree: string;
  /** Milliseconds since the epoch. */
  expiresAt: number;
}

/** A path segment: `<tree>.<expiry in base 36>.<signature>`. */
export function signContent(claim: ContentClaim, key: Uint8Array): string {
  const text = `${claim.tree}.${claim.expiresAt.toString(36)}`;
  return `${text}.${signature(text, key)}`;
}

/** null where the token was not made with this key, was changed, or is over at `now`. */
export function readContentToken(token: string, key: Uint8Array, now: number): ContentClaim | null {
  const match = /^(([0-9a-f]{64})\.([0-9a-z]{1,12}))\.([\w-]{43})$/.exec(token);
  if (!match) return null;
  const [, text = '', tree = '', expiry = '', given = ''] = match;
  if (!timingSafeEqual(Buffer.from(signature(text, key)), Buffer.from(given))) return null;
  const expiresAt = Number.parseInt(expiry, 36);
  return expiresAt > now ? { tree, expiresAt } : null;
}

const signature = (text: string, key: Uint8Array) => createHmac('sha256', key).update(text).digest('base64url');
