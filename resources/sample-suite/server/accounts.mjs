/** Who is visiting, what they may do, and their profile. */
import { HttpError } from './http.mjs';
import { cookieName, issueToken } from './session.mjs';
import { adoptGuestCart } from './store.mjs';

export const signOutHeaders = { 'set-cookie': `${cookieName}=; Path=/; Max-Age=0` };

/** { token, account, headers } for right credentials, else { error }: the same for an unknown email as for a wrong password. */
export function signIn(store, email, password) {
  if (!email || !password) return { error: 'Enter your email and your password.' };
  const account = store.accounts.get(email.toLowerCase());
  if (account?.password !== password) return { error: 'Email or password is wrong.' };
  const token = issueToken(email.toLowerCase());
  adoptGuestCart(store, email.toLowerCase());
  return { token, account, headers: { 'set-cookie': `${cookieName}=${token}; Path=/; HttpOnly; SameSite=Lax` } };
}

/** The visitor's account with its email, or 401. */
export function requireAccount({ account, email }) {
  if (!account) throw new HttpError(401, 'Sign in first.');
  return { ...account, email };
}

export function requireRole(context, role) {
  if (requireAccount(context).role !== role) throw new HttpError(403, `Only a ${role} may do this.`);
}

/** Checks a postal address; answers { address } or { errors: { field: reason } }. */
export function checkAddress(form) {
  const address = Object.fromEntries(
    ['name', 'street', 'postcode', 'city'].map((field) => [field, String(form[field] ?? '').trim()]),
  );
  const errors = {};
  if (!address.name) errors.name = 'Tell us who gets the parcel.';
  if (!/\d/.test(address.street)) errors.street = 'Add the house number to the street.';
  if (!/^\d{4} ?[A-Za-z]{2}$/.test(address.postcode)) errors.postcode = 'A postcode looks like 1012 AB.';
  if (!address.city) errors.city = 'Tell us the city.';
  return Object.keys(errors).length > 0 ? { errors } : { address };
}
