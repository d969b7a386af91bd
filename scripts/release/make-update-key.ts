/**
 * `node scripts/release/make-update-key.ts FILE`: makes the key of a publisher. The private key goes into FILE, for its owner's eyes only,
 * encrypted by the passphrase in PLAYFLEET_UPDATE_PASSPHRASE; the public one is printed, for resources/update-keys.json.
 */
import { writeFile } from 'node:fs/promises';
import { keyId } from '../../shared/model/update-trust.ts';
import { makeKey } from './signing.ts';

const [file, ...rest] = process.argv.slice(2);
if (file === undefined || rest.length > 0) {
  console.error(
    'usage: node scripts/release/make-update-key.ts FILE   (FILE: where the private key goes, outside of this repository)',
  );
  process.exit(2);
}
const passphrase = process.env['PLAYFLEET_UPDATE_PASSPHRASE'] ?? null;
const { pem, publicKey } = makeKey(passphrase);
// Never over a key that is there: without it nobody could sign any more.
await writeFile(file, pem, { mode: 0o600, flag: 'wx' });
console.log(`private key: ${file}${passphrase === null ? ' (not encrypted: keep it offline)' : ''}`);
console.log(`public key:  ${publicKey}   id ${await keyId(publicKey)}`);
console.log('Add the public key to "keys" in resources/update-keys.json: the current one and the next one.');
