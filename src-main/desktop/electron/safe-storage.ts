/** The system's safe place for secrets, with a plain answer where it has none. */
import type { Cipher } from '../keep/vault.ts';
import type { ElectronParts } from './parts.ts';

export function createCipher(safeStorage: ElectronParts['safeStorage'], platform: NodeJS.Platform): Cipher {
  return {
    async whyUnsafe() {
      if (!(await safeStorage.isAsyncEncryptionAvailable()))
        return 'This system offers no place where secrets are kept encrypted (a keyring or key chain), or it is locked.';
      // A fixed password that stands in Chromium's source is none.
      if (platform === 'linux' && safeStorage.getSelectedStorageBackend() === 'basic_text')
        return 'This desktop has no keyring (GNOME Keyring or KWallet): what is kept would be readable by every program of this user.';
      return null;
    },
    encrypt: (text) => safeStorage.encryptStringAsync(text),
    async decrypt(bytes) {
      const { result, shouldReEncrypt } = await safeStorage.decryptStringAsync(bytes);
      return { text: result, again: shouldReEncrypt };
    },
  };
}
