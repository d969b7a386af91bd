/**
 * The pin of a coordinator that made its own certificate: SHA-256 of its public key. It travels with the tokens that people pass on anyway,
 * so whoever enrols or logs in knows whom they talk to before anything is sent, without any authority.
 */

const PREFIX = 'pfp_';
/** 256 bits as base64url. */
const PIN = /^pfp_[A-Za-z0-9_-]{43}$/;
/** Occurs in no token and no pin. */
const BETWEEN = '.';

/** `digest`: SHA-256 of the public key (DER, SubjectPublicKeyInfo) as base64url. */
export const pinOf = (digest: string): string => `${PREFIX}${digest}`;

/** The text to hand out: a token, and with it the pin where there is one. */
export const withPin = (token: string, pin: string | null): string => (pin === null ? token : token + BETWEEN + pin);

/** The reverse, also of a pin alone, as it stands behind the # of an address; null for what is damaged. A token may hold anything but a dot. */
export function readPinned(text: string): { token: string | null; pin: string | null } | null {
  if (text === '') return { token: null, pin: null };
  if (PIN.test(text)) return { token: null, pin: text };
  const [token = '', pin, ...more] = text.split(BETWEEN);
  if (pin === undefined) return { token, pin: null };
  return token !== '' && PIN.test(pin) && more.length === 0 ? { token, pin } : null;
}
