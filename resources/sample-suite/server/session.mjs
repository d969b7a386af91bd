/**
 * Sessions are signed, not stored: a token that one server handed out is good on any other server of this suite, so a saved
 * browser state outlives the process that made it. The key is public on purpose: this shop sells nothing.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

const key = 'sample-suite';
export const cookieName = 'shop_session';

export function issueToken(email) {
  const name = Buffer.from(email).toString('base64url');
  return `${name}.${sign(name)}`;
}

/** The email in a token, or null when it was not signed by this shop. */
export function readToken(token) {
  const [name = '', signature = ''] = token.split('.');
  const given = Buffer.from(signature);
  const right = Buffer.from(sign(name));
  if (given.length !== right.length || !timingSafeEqual(given, right)) return null;
  return Buffer.from(name, 'base64url').toString();
}

function sign(text) {
  return createHmac('sha256', key).update(text).digest('base64url');
}
