import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
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
