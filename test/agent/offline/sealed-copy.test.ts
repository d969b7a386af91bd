import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { COPIED_TABLES, type WarmCopy } from '../../../shared/protocol/offline/warm-copy.ts';
import { openCopy, openCopyKey, readCopy, sealCopy } from '../../../src-main/agent/offline/sealed-copy.ts';
import { tempFolder } from '../../support/folders.ts';

const tables = Object.fromEntries(COPIED_TABLES.map((name) => [name, []])) as unknown as WarmCopy['tables'];
const copy: WarmCopy = {
  version: 1,
  origin: 'central',
  schema: 19,
  hashes: {},
  tables: { ...tables, people: [{ id: 'p', email: 'ada@example.com', totp_secret: 'JBSWY3DPEHPK3PXP' }] },
  secrets: null,
  history: [],
  cursor: '0//',
};
const key = randomBytes(32);

test('a sealed copy opens with its key to what it was, and shows nothing without it', async () => {
  const sealed = await sealCopy(copy, key);
  expect(sealed.includes('ada@example.com')).toBe(false);
  expect(sealed.includes('JBSWY3DPEHPK3PXP')).toBe(false);
  expect(await openCopy(sealed, key)).toEqual(copy);
  await expect(openCopy(sealed, randomBytes(32))).rejects.toThrow(/changed, cut off, or sealed with another key/);
});

test('a copy that was cut off or changed anywhere is refused with words', async () => {
  const sealed = await sealCopy(copy, key);
  for (let at = 0; at < sealed.length; at += 7) {
    const changed = Buffer.from(sealed);
    changed[at] = (changed[at] ?? 0) ^ 1;
    await expect(openCopy(changed, key), `byte ${at}`).rejects.toThrow(/the warm copy/);
    await expect(openCopy(sealed.subarray(0, at), key), `${at} bytes`).rejects.toThrow(/the warm copy/);
  }
});

test('a copy of a newer version says so', async () => {
  const sealed = await sealCopy(copy, key);
  const newer = Buffer.from(sealed.toString('latin1').replace('"version":1', '"version":2'), 'latin1');
  await expect(openCopy(newer, key)).rejects.toThrow(/of version 2, this program reads 1/);
});

test('there is no copy where there is none, and what is no key is refused', async () => {
  const folder = tempFolder();
  expect(await readCopy(path.join(folder, 'copy.sealed'), () => Promise.reject(new Error('not asked')))).toBe(null);
  const file = path.join(folder, 'copy.key');
  const made = await openCopyKey(file);
  expect(await openCopyKey(file)).toEqual(Buffer.from(made));
  writeFileSync(file, 'short');
  await expect(openCopyKey(file)).rejects.toThrow(/is not the key of a warm copy/);
});
