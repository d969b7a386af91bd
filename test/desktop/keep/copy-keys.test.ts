import { existsSync, mkdirSync, rmdirSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { CopyKeys } from '../../../src-main/desktop/keep/copy-keys.ts';
import { Vault } from '../../../src-main/desktop/keep/vault.ts';
import { createCipher } from '../../../src-main/desktop/electron/safe-storage.ts';
import { tempFolder } from '../../support/folders.ts';
import { DoubleElectron, type DoubleOptions } from '../double/electron.ts';

async function open(file: string, safeStorage: NonNullable<DoubleOptions['safeStorage']> = 'good', inMemory = false) {
  const reported: string[] = [];
  const report = (_: unknown, during: string): void => void reported.push(during);
  const { parts } = new DoubleElectron({ folder: '/nowhere', safeStorage });
  const vault = await Vault.open({ file, cipher: createCipher(parts.safeStorage, 'linux'), inMemory, report });
  return { keys: new CopyKeys({ vault, report }), reported };
}

test('each coordinator has a key of its own, the same whoever asks, and the same at the next start', async () => {
  const file = path.join(tempFolder(), 'secrets.json');
  const { keys } = await open(file);
  const [one, same, other] = await Promise.all([keys.of('mill'), keys.of('mill'), keys.of('lab')]);
  expect([one === same, one === other, Buffer.from(one!, 'base64').length]).toEqual([true, false, 32]);
  const again = (await open(file)).keys;
  expect(await again.of('mill')).toBe(one);
  await again.forget('mill');
  expect(await (await open(file)).keys.of('mill')).not.toBe(one);
});

test.each([
  ['basic_text', false],
  ['basic_text', true],
  ['none', true],
] as const)(
  'where the system keeps nothing safely (%s, in memory: %s), a file is to hold it',
  async (kind, inMemory) => {
    const file = path.join(tempFolder(), 'secrets.json');
    const { keys } = await open(file, kind, inMemory);
    expect(await keys.of('mill')).toBeNull();
    expect(existsSync(file)).toBe(false);
  },
);

test('a key that could not be written down is not given: nothing is sealed with what the next start does not know', async () => {
  const folder = tempFolder();
  const file = path.join(folder, 'secrets.json');
  const { keys, reported } = await open(file);
  // A folder in its place: the file cannot be replaced.
  mkdirSync(file);
  expect(await keys.of('mill')).toBeNull();
  expect(reported[0]).toBe('keeping the key of the copy safely');
  rmdirSync(file);
  const key = await keys.of('mill');
  expect(await (await open(file)).keys.of('mill')).toBe(key);
});
