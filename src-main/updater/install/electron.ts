/**
 * Desktop packages are put in place by electron-updater, which knows how each system does that (NSIS, AppImage, deb, Squirrel.Mac). What it
 * installs never comes from a feed that it read itself: it is shown one package, the one that was checked here.
 */
import { copyFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import type { AppUpdater } from 'electron-updater';
import type { PackageFormat } from '../../../shared/protocol/update.ts';
import { isWhole } from '../download.ts';
import { UpdateError } from '../errors.ts';
import type { CheckedPackage, Installer } from './installer.ts';

export interface ElectronInstallerOptions<U extends AppUpdater> {
  /** Of this platform and package. */
  updater: U;
  format: PackageFormat;
  /** Ends the app and lets the updater do its work. */
  finish: (updater: U) => void;
  /** The AppImage that this app runs from; null: none. */
  appImage: string | null;
  log: { info(text: string): void; warn(text: string): void };
}

/** What electron-updater asks of those that look for updates and load them. */
interface Shown {
  version: string;
  files: { url: string; sha512: string; size: number }[];
  path: string;
  sha512: string;
  releaseDate: string;
}

export function electronInstaller<U extends AppUpdater>(options: ElectronInstallerOptions<U>): Installer {
  const { updater, format, finish, appImage, log } = options;
  let checked: CheckedPackage | null = null;
  const current = (): CheckedPackage => {
    if (checked === null) throw new UpdateError('install_failed', 'there is no checked package to install');
    return checked;
  };
  class CheckedProvider {
    isUseMultipleRangeRequest = false;
    fileExtraDownloadHeaders = null;
    setRequestHeaders(): void {}
    async getLatestVersion(): Promise<Shown> {
      const { version, file, sha512, size } = current();
      const { href: url } = pathToFileURL(file);
      return { version, files: [{ url, sha512, size }], path: url, sha512, releaseDate: new Date(0).toISOString() };
    }
    resolveFiles({ files }: Shown): { url: URL; info: Shown['files'][number] }[] {
      return files.map((info) => ({ url: new URL(info.url), info }));
    }
  }
  updater.autoDownload = false;
  // Only when the policy says so: not because somebody quits the app.
  updater.autoInstallOnAppQuit = false;
  updater.disableDifferentialDownload = true;
  updater.disableWebInstaller = true;
  // The version before is put back by the same way. What may be installed was decided by then.
  updater.allowDowngrade = true;
  updater.isUserWithinRollout = () => true;
  updater.logger = {
    info: (text: unknown) => log.info(String(text)),
    warn: (text: unknown) => log.warn(String(text)),
    error: (text: unknown) => log.warn(String(text)),
  };
  updater.setFeedURL({ provider: 'custom', updateProvider: CheckedProvider });
  // Its own is Electron's network; declared as read-only, as it is set once.
  Object.assign(updater, {
    httpExecutor: {
      async download(_url: URL, destination: string, wanted: { sha512?: string | null }): Promise<string> {
        const { file, size, sha512 } = current();
        if (wanted.sha512 !== sha512)
          throw new UpdateError('damaged', 'another package was asked for than was checked');
        await copyFile(file, destination);
        if (!(await isWhole(destination, { size, sha512 })))
          throw new UpdateError('damaged', 'the package was changed while it was being installed');
        return destination;
      },
    },
  });
  return {
    format,
    cannot:
      format === 'AppImage' && appImage === null ? 'this app does not run from an AppImage; install it by hand' : null,
    ownPackage: async () => appImage,
    async install(next) {
      checked = next;
      const failures: Error[] = [];
      const listen = (error: Error): void => void failures.push(error);
      updater.on('error', listen);
      try {
        const found = await updater.checkForUpdates();
        if (found?.isUpdateAvailable !== true)
          throw new UpdateError('install_failed', `this package of the app does not take ${next.version}`);
        await updater.downloadUpdate();
        finish(updater);
        if (failures[0]) throw failures[0];
      } catch (error) {
        if (error instanceof UpdateError) throw error;
        throw new UpdateError('install_failed', `${next.version} could not be installed: ${(error as Error).message}`, {
          cause: error,
        });
      } finally {
        updater.off('error', listen);
      }
    },
  };
}
