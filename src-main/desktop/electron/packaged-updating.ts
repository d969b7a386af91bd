/** Updates of an installed app: which of electron-updater's ways puts a checked package in place on this system, and how the app then leaves. */
import { AppImageUpdater, DebUpdater, MacUpdater, NsisUpdater } from 'electron-updater';
import type { Updating } from '../core/ports.ts';
import { createUpdating, type UpdatedApp } from '../core/updating.ts';
import { electronInstaller } from '../../updater/install/electron.ts';

export interface PackagedUpdatingOptions {
  app: UpdatedApp;
  /** Ends the app at once, to begin anew. */
  restart: () => void;
  /** That this app runs from; null: it was installed in another way. */
  appImage: string | null;
  /** Of the publishers that are believed. */
  keys: readonly string[];
  platform: NodeJS.Platform;
  arch: string;
}

/** null: the version before is being put back in this one's place, and the app ends by itself. */
export async function packagedUpdating(options: PackagedUpdatingOptions): Promise<Updating | null> {
  const { app, restart, appImage, keys, platform, arch } = options;
  const { updater, format } = updaterOf(platform, appImage);
  let isToInstall = false;
  let isToEnd = false;
  const log = { info: app.note, warn: app.note };
  // Programs that run cannot be replaced on every system: first the children end, then the app leaves.
  const installer = electronInstaller({ updater, format, finish: () => (isToInstall = true), appImage, log });
  const leave = (): boolean => {
    if (isToInstall) {
      // Refused by the system or by its owner: nothing has changed, and the app is to be there again.
      updater.once('error', restart);
      updater.quitAndInstall(true, true);
    } else if (isToEnd) restart();
    return isToInstall || isToEnd;
  };
  const end = (): void => {
    isToEnd = true;
    app.end();
  };
  const jitter = Math.random();
  const updating = await createUpdating({
    app: { ...app, end },
    installer,
    keys,
    jitter,
    platform,
    arch,
    leave,
  });
  if (updating === null) leave();
  return updating;
}

function updaterOf(platform: NodeJS.Platform, appImage: string | null) {
  switch (platform) {
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
