/** Updates of an installed app: which of electron-updater's ways puts a checked package in place on this system, and how the app then leaves. */
import { AppImageUpdater, DebUpdater, MacUpdater, NsisUpdater } from 'electron-updater';
import type { Updating } from '../core/ports.ts';
import { createUpdating, type UpdatedApp } from '../core/updating.ts';
import { electronInstaller } from '../../updater/install/electron.ts';
import { PINNED_KEYS } from '../../updater/keys.ts';

/** `appImage`: that this app runs from; null: it was installed in another way. */
export function packagedUpdating(app: UpdatedApp, appImage: string | null): Promise<Updating | null> {
  const { updater, format } = updaterOf(appImage);
  let isToInstall = false;
  const log = { info: app.note, warn: app.note };
  // Programs that run cannot be replaced on every system: first the children end, then the app leaves.
  const installer = electronInstaller({ updater, format, finish: () => (isToInstall = true), appImage, log });
  const leave = (): boolean => {
    if (isToInstall) updater.quitAndInstall(true, true);
    return isToInstall;
  };
  const { platform, arch } = process;
  return createUpdating({ app, installer, keys: PINNED_KEYS, jitter: Math.random(), platform, arch, leave });
}

function updaterOf(appImage: string | null) {
  switch (process.platform) {
    case 'win32':
      return { updater: new NsisUpdater(), format: 'exe' as const };
    case 'darwin':
      return { updater: new MacUpdater(), format: 'zip' as const };
    default:
      return appImage === null
        ? { updater: new DebUpdater(), format: 'deb' as const }
        : { updater: new AppImageUpdater(), format: 'AppImage' as const };
  }
}
