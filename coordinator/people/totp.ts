/** The second factor: codes of an authenticator (TOTP), and backup codes for when that is lost. */
import { createHmac, randomInt } from 'node:crypto';
import { generateSecret, generateURI, verifySync } from 'otplib';
import { seal, unseal } from '../identity/data-key.ts';
import type { WriteHandle } from '../storage/database.ts';
import type { Account } from './queries.ts';

const BACKUP_CODES = 10;
/** Without those that look like another. */
const SIGNS = 'abcdefghjkmnpqrstuvwxyz23456789';
/** A code of the step before or after counts too: clocks differ, and typing takes time. */
const TOLERANCE_S = 30;

/** Sealed and hashed under this key, so that a copy of the database opens nothing. */
export type TotpKey = Uint8Array;

/** A new secret, which counts once it is confirmed with a code. */
export async function beginTotp(
  w: WriteHandle,
  { id, email }: { id: string; email: string },
  key: TotpKey,
): Promise<{ secret: string; uri: string }> {
  const secret = generateSecret();
  await w.run('UPDATE people SET totp_secret = ?, totp_confirmed_at = NULL, totp_step = NULL WHERE id = ?', [
    seal(secret, key, placeOf(id)),
    id,
  ]);
  return { secret, uri: generateURI({ issuer: 'Playfleet', label: email, secret }) };
}

/** Whether a code of the authenticator is right now, and was not used before; it is used up. */
export async function useTotp(
  w: WriteHandle,
  person: Pick<Account, 'id' | 'totp_secret' | 'totp_step'>,
  code: string,
  key: TotpKey,
  now: number,
): Promise<boolean> {
  const secret = person.totp_secret === null ? null : unseal(person.totp_secret, key, placeOf(person.id));
  if (secret === null || !/^\d{6}$/.test(code)) return false;
  const found = verifySync({
    secret,
    token: code,
    epoch: Math.floor(now / 1000),
    epochTolerance: TOLERANCE_S,
    ...(person.totp_step === null ? {} : { afterTimeStep: person.totp_step }),
  });
  if (!found.valid || !('timeStep' in found)) return false;
  await w.run('UPDATE people SET totp_step = ? WHERE id = ?', [found.timeStep, person.id]);
  return true;
}

/** The same for a backup code, however it is spaced. */
export async function useBackupCode(w: WriteHandle, personId: string, code: string, key: TotpKey): Promise<boolean> {
  const hash = hashCode(personId, code, key);
  const { changes } = await w.run('DELETE FROM backup_codes WHERE person_id = ? AND hash = ?', [personId, hash]);
  return changes > 0;
}

/** New backup codes in the place of those before. */
export async function makeBackupCodes(w: WriteHandle, personId: string, key: TotpKey): Promise<string[]> {
  const codes = Array.from({ length: BACKUP_CODES }, newCode);
  await w.run('DELETE FROM backup_codes WHERE person_id = ?', [personId]);
  for (const code of codes) {
    await w.run('INSERT INTO backup_codes (person_id, hash) VALUES (?, ?)', [personId, hashCode(personId, code, key)]);
  }
  return codes;
}

/** For another key. Backup codes cannot be hashed anew without knowing them: they are gone. Returns how many secrets there were. */
export async function resealTotp(w: WriteHandle, from: TotpKey, to: TotpKey): Promise<number> {
  let count = 0;
  for (const { id, totp_secret } of await w.all<{ id: string; totp_secret: string }>(
    'SELECT id, totp_secret FROM people WHERE totp_secret IS NOT NULL',
  )) {
    const secret = unseal(totp_secret, from, placeOf(id));
    if (secret === null) continue;
    await w.run('UPDATE people SET totp_secret = ? WHERE id = ?', [seal(secret, to, placeOf(id)), id]);
    count++;
  }
  await w.run('DELETE FROM backup_codes');
  return count;
}

/** For a copy that leaves this installation, and what came in one. null: sealed under another key. */
export const openTotp = (sealed: string, personId: string, key: TotpKey): string | null =>
  unseal(sealed, key, placeOf(personId));
export const sealTotp = (secret: string, personId: string, key: TotpKey): string =>
  seal(secret, key, placeOf(personId));

/** Forgets secret, backup codes and trusted browsers. */
export async function removeTotp(w: WriteHandle, personId: string): Promise<void> {
  await w.run('UPDATE people SET totp_secret = NULL, totp_confirmed_at = NULL, totp_step = NULL WHERE id = ?', [
    personId,
  ]);
  await w.run('DELETE FROM backup_codes WHERE person_id = ?', [personId]);
  await w.run('DELETE FROM trusted_devices WHERE person_id = ?', [personId]);
}

/** `abcde-fghjk`: 49 bits. */
function newCode(): string {
  const signs = Array.from({ length: 10 }, () => SIGNS[randomInt(SIGNS.length)]).join('');
  return `${signs.slice(0, 5)}-${signs.slice(5)}`;
}

/** Keyed, because so few bits could be found by trying. */
function hashCode(personId: string, code: string, key: TotpKey): string {
  const plain = code.toLowerCase().replace(/[^a-z0-9]/g, '');
  return createHmac('sha256', key).update(`backup code of ${personId}: ${plain}`).digest('hex');
}

const placeOf = (personId: string): string => `people/${personId}/totp`;
