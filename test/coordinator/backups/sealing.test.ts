import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { DamagedBackupError } from '../../../coordinator/backups/failures.ts';
import { FolderKey, seal, sealedSize, unseal } from '../../../coordinator/backups/sealing.ts';

const PHRASE = 'correct horse battery';

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function all(content: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const found: Uint8Array[] = [];
  for await (const piece of content) found.push(piece);
  return Buffer.concat(found);
}

test('what is sealed comes back as it was, of any length and in any pieces', async () => {
  const { key, file } = await FolderKey.make(PHRASE);
  const again = await FolderKey.open(PHRASE, file);
  for (const length of [0, 1, 65_535, 65_536, 65_537, 131_072, 300_001]) {
    const plain = randomBytes(length);
    const sealed = await all(seal(pieces(plain, 7919), key, 'here'));
    expect(sealed.length).toBe(sealedSize(length));
    for (const size of [97, 65_552, 1 << 20])
      expect((await all(unseal(pieces(sealed, size), again, 'here'))).equals(plain)).toBe(true);
  }
});

test('nothing of it can be changed, cut off, exchanged or added unnoticed', async () => {
  const { key } = await FolderKey.make(PHRASE);
  const sealed = await all(seal(pieces(randomBytes(150_000), 4096), key, 'a/database'));
  const opening = (bytes: Uint8Array, place = 'a/database') => all(unseal(pieces(bytes, 5000), key, place));
  for (const at of [0, 9, 30, 65_560, sealed.length - 1]) {
    const changed = Buffer.from(sealed);
    changed[at] = (changed[at] ?? 0) ^ 1;
    await expect(opening(changed)).rejects.toThrow(DamagedBackupError);
  }
  for (const length of [0, 5, 24, 40, 24 + 65_552, 24 + 2 * 65_552, sealed.length - 1])
    await expect(opening(sealed.subarray(0, length))).rejects.toThrow('a/database was changed, exchanged or cut off');
  const [head, one, two] = [
    sealed.subarray(0, 24),
    sealed.subarray(24, 24 + 65_552),
    sealed.subarray(24 + 65_552, 24 + 2 * 65_552),
  ];
  await expect(opening(Buffer.concat([head, two, one, sealed.subarray(24 + 2 * 65_552)]))).rejects.toThrow(
    DamagedBackupError,
  );
  await expect(opening(Buffer.concat([sealed, one]))).rejects.toThrow(DamagedBackupError);
  await expect(opening(sealed, 'b/database')).rejects.toThrow(DamagedBackupError);
});

test('another passphrase is told at once, and a short one is not taken', async () => {
  const { file } = await FolderKey.make(PHRASE);
  await expect(FolderKey.open('correct horse batterie', file)).rejects.toThrow('The passphrase is not the one');
  await expect(FolderKey.make('short')).rejects.toThrow('at least 12 characters');
});
