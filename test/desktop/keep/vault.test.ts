import { readFileSync, writeFileSync, existsSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { SettingsError, SettingsStore, FIRST_SETTINGS } from '../../../src-main/desktop/keep/settings.ts';
import { NotKept, Vault, type Cipher } from '../../../src-main/desktop/keep/vault.ts';
import { createCipher } from '../../../src-main/desktop/electron/safe-storage.ts';
import { readFiles, tempFolder } from '../../support/folders.ts';
import { DoubleElectron, type DoubleOptions } from '../double/electron.ts';

const cipherOf = (safeStorage: DoubleOptions['safeStorage'] & string, platform: NodeJS.Platform = 'linux'): Cipher =>
  createCipher(new DoubleElectron({ folder: '/nowhere', safeStorage }).parts.safeStorage, platform);

async function open(file: string, cipher: Cipher, inMemory = false) {
  const reported: string[] = [];
  const vault = await Vault.open({ file, cipher, inMemory, report: (_, during) => reported.push(during) });
  return { vault, reported };
}

describe('secrets', () => {
  test('are written encrypted, readable by their owner alone, and found again', async () => {
    const file = path.join(tempFolder(), 'secrets.json');
    const { vault } = await open(file, cipherOf('good'));
    await vault.set('token', 'pft_very-secret');
    expect(readFileSync(file, 'utf8')).not.toContain('very-secret');
    const again = await open(file, cipherOf('good'));
    expect(again.vault.get('token')).toBe('pft_very-secret');
    expect(again.vault.state).toEqual({ kept: 'safe', reason: null });
    await again.vault.set('token', null);
    expect((await open(file, cipherOf('good'))).vault.get('token')).toBeNull();
  });

  test.each(['none', 'basic_text'] as const)(
    'are refused where the system keeps none (%s), with the reason',
    async (kind) => {
      const folder = tempFolder();
      const { vault } = await open(path.join(folder, 'secrets.json'), cipherOf(kind));
      expect(vault.state.kept).toBe('refused');
      expect(vault.state.reason).toMatch(/keyring/);
      await expect(vault.set('token', 'secret')).rejects.toThrow(NotKept);
      expect(vault.get('token')).toBeNull();
      expect(readFiles(folder)).toEqual({});
    },
  );

  test('are held in memory once their owner said so, and are nowhere on the disk', async () => {
    const folder = tempFolder();
    const { vault } = await open(path.join(folder, 'secrets.json'), cipherOf('basic_text'));
    vault.keepInMemory();
    await vault.set('token', 'secret');
    expect(vault.state.kept).toBe('session');
    expect(vault.get('token')).toBe('secret');
    expect(readFiles(folder)).toEqual({});
    expect((await open(path.join(folder, 'secrets.json'), cipherOf('basic_text'), true)).vault.state.kept).toBe(
      'session',
    );
  });

  test('a fixed password counts as none on Linux alone: elsewhere there is no such thing', async () => {
    expect(await cipherOf('basic_text', 'darwin').whyUnsafe()).toBeNull();
  });

  test('that no longer open are given up one by one, and told of', async () => {
    const file = path.join(tempFolder(), 'secrets.json');
    const good = cipherOf('good');
    const { vault } = await open(file, good);
    await vault.set('old', 'a');
    await vault.set('new', 'b');
    const half: Cipher = {
      ...good,
      decrypt: async (bytes) => {
        const opened = await good.decrypt(bytes);
        if (opened.text === 'a') throw new Error('another key');
        return opened;
      },
    };
    const again = await open(file, half);
    expect([again.vault.get('old'), again.vault.get('new')]).toEqual([null, 'b']);
    expect(again.reported).toEqual(['opening old']);
  });

  test('are encrypted anew when the system asks for it', async () => {
    const file = path.join(tempFolder(), 'secrets.json');
    const { vault } = await open(file, cipherOf('good'));
    await vault.set('token', 'secret');
    const before = readFileSync(file, 'utf8');
    const good = cipherOf('good');
    let encrypted = 0;
    const rotated: Cipher = {
      ...good,
      decrypt: async (bytes) => ({ ...(await good.decrypt(bytes)), again: true }),
      encrypt: async (text) => {
        encrypted += 1;
        return good.encrypt(text);
      },
    };
    await open(file, rotated);
    expect(encrypted).toBe(1);
    expect(readFileSync(file, 'utf8')).toBe(before);
  });
});

describe('settings', () => {
  test('begin as they should, and are found again after a change', async () => {
    const file = path.join(tempFolder(), 'settings.json');
    const store = await SettingsStore.open(file, 0);
    expect(store.value).toEqual(FIRST_SETTINGS);
    await Promise.all([store.change({ isSetUp: true }), store.change({ secretsInMemory: true })]);
    expect((await SettingsStore.open(file, 0)).value).toEqual({
      ...FIRST_SETTINGS,
      isSetUp: true,
      secretsInMemory: true,
    });
  });

  test('that are damaged are put aside, whole', async () => {
    const file = path.join(tempFolder(), 'settings.json');
    writeFileSync(file, '{"version":1,"isSetUp":tru');
    const store = await SettingsStore.open(file, 42);
    expect(store.value).toEqual(FIRST_SETTINGS);
    expect(store.setAside).toBe(`${file}.damaged-42`);
    expect(readFileSync(`${file}.damaged-42`, 'utf8')).toBe('{"version":1,"isSetUp":tru');
  });

  test('of a newer version are left alone, and the app says so', async () => {
    const file = path.join(tempFolder(), 'settings.json');
    writeFileSync(file, '{"version":4}');
    await expect(SettingsStore.open(file, 0)).rejects.toThrow(SettingsError);
    expect(existsSync(file)).toBe(true);
  });

  test('of the version before are read, and stand in for nobody', async () => {
    const file = path.join(tempFolder(), 'settings.json');
    const { promotion: _, home: __, ...before } = FIRST_SETTINGS;
    writeFileSync(file, JSON.stringify({ ...before, version: 1, secretsInMemory: true }));
    const store = await SettingsStore.open(file, 0);
    expect([store.setAside, store.value]).toEqual([null, { ...FIRST_SETTINGS, secretsInMemory: true }]);
  });

  test('of version 2 are read; no secrets are in copies until their owner says so', async () => {
    const file = path.join(tempFolder(), 'settings.json');
    const mill = { id: 'mill', name: 'mill', url: 'https://mill:4800', pin: null, contentUrl: null, own: false };
    writeFileSync(file, JSON.stringify({ ...FIRST_SETTINGS, version: 2, coordinators: [mill], active: 'mill' }));
    const store = await SettingsStore.open(file, 0);
    expect([store.setAside, store.active]).toEqual([null, { ...mill, copySecrets: false }]);
    writeFileSync(file, JSON.stringify({ ...FIRST_SETTINGS, version: 2, coordinators: 'none' }));
    expect((await SettingsStore.open(file, 7)).setAside).toBe(`${file}.damaged-7`);
  });

  test('take nothing that they could not read again', async () => {
    const store = await SettingsStore.open(path.join(tempFolder(), 'settings.json'), 0);
    expect(() => store.change({ active: 'unknown' })).toThrow(/must be the id of one of the coordinators/);
    expect(store.value.active).toBeNull();
  });
});
