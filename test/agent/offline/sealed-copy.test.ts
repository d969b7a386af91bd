import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { openCopyKey, readCopyKey } from '../../../src-main/agent/offline/copy-key.ts';
import { openCopy, readCopy, sealCopy, sealedBy, writeSealed } from '../../../src-main/agent/offline/sealed-copy.ts';
import { tempFolder } from '../../support/folders.ts';
import { anyCopy as copy, sealedAsBefore } from './copies.ts';

const given = () => ({ given: randomBytes(32), file: '/nowhere/copy.key' });
const keys = given();

test('a sealed copy opens with its key to what it was, and shows nothing without it', async () => {
  const sealed = await sealCopy(copy, keys);
  expect(sealed.includes('ada@example.com')).toBe(false);
  expect(sealed.includes('JBSWY3DPEHPK3PXP')).toBe(false);
  expect(await openCopy(sealed, keys)).toEqual(copy);
  await expect(openCopy(sealed, given())).rejects.toThrow(
    /changed or cut off, or the system's safe storage has lost its key/,
  );
});

test('a copy that was cut off or changed anywhere is refused with words', async () => {
  const sealed = await sealCopy(copy, keys);
  for (let at = 0; at < sealed.length; at += 7) {
    const changed = Buffer.from(sealed);
    changed[at] = (changed[at] ?? 0) ^ 1;
    await expect(openCopy(changed, keys), `byte ${at}`).rejects.toThrow(/the warm copy/);
    await expect(openCopy(sealed.subarray(0, at), keys), `${at} bytes`).rejects.toThrow(/the warm copy/);
  }
});

test('a copy of a newer version says so', async () => {
  const sealed = await sealCopy(copy, keys);
  const newer = Buffer.from(sealed.toString('latin1').replace('"version":1', '"version":2'), 'latin1');
  await expect(openCopy(newer, keys)).rejects.toThrow(/of version 2, this program reads 1/);
});

test('there is no copy where there is none, and what is no key is refused', async () => {
  const folder = tempFolder();
  expect(await readCopy(path.join(folder, 'copy.sealed'), keys)).toBe(null);
  expect(await sealedBy(path.join(folder, 'copy.sealed'))).toBe(null);
  const file = path.join(folder, 'copy.key');
  expect(await readCopyKey(file)).toBe(null);
  const made = await openCopyKey(file);
  expect(await openCopyKey(file)).toEqual(Buffer.from(made));
  writeFileSync(file, 'short');
  await expect(openCopyKey(file)).rejects.toThrow(/is not the key of a warm copy/);
});

test('a copy says which key has sealed it, and where that is when it is not here', async () => {
  const folder = tempFolder();
  const file = path.join(folder, 'copy.sealed');
  const byFile = { given: null, file: path.join(folder, 'copy.key') };
  await writeSealed(file, await sealCopy(copy, byFile));
  expect(await sealedBy(file)).toBe('file');
  expect(await readCopy(file, byFile)).toEqual(copy);
  await expect(readCopy(file, { ...byFile, file: path.join(folder, 'gone') })).rejects.toThrow(
    /its key is not at .*gone/,
  );
  await writeSealed(file, await sealCopy(copy, keys));
  expect(await sealedBy(file)).toBe('given');
  await expect(readCopy(file, byFile)).rejects.toThrow(/kept by the desktop app .* stand in from the app/);
});

test('a copy from before keys could be given is one of a file', async () => {
  const folder = tempFolder();
  const byFile = { given: null, file: path.join(folder, 'copy.key') };
  const file = path.join(folder, 'copy.sealed');
  const old = sealedAsBefore(copy, await openCopyKey(byFile.file));
  await writeSealed(file, old);
  expect(await sealedBy(file)).toBe('file');
  expect(await readCopy(file, byFile)).toEqual(copy);
});
