/** What a release must pin: without a key in them, its builds would never take an update again, and nobody would notice for a while. */

/** Why nothing may be released from builds that pin `keys`, with what to do; null: it may. */
export function whyNoRelease(keys: readonly string[]): string | null {
  if (keys.length > 0) return null;
  return (
    'resources/update-keys.json holds no key, so nothing is released: what was built from it would take no update, ever. ' +
    'Make two keys with scripts/release/make-update-key.ts, put both public keys into "keys" of that file, and commit it (docs/updates.md, Publishing)'
  );
}

/** Why what is signed by `signers` must not be released from builds that pin `keys`; null: it may. */
export function whyNotSignedBy(signers: readonly string[], keys: readonly string[]): string | null {
  const problem = whyNoRelease(keys);
  if (problem !== null || signers.some((key) => keys.includes(key))) return problem;
  return (
    'none of the keys that sign is in resources/update-keys.json, so the builds of this repository would refuse the release: ' +
    'sign with a key that is there, or add its public key to that file and build again'
  );
}
