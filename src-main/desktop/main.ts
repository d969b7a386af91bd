/** The desktop app's first file: hands the real Electron to the app, and nothing else. */
import {
  app,
  BrowserWindow,
  crashReporter,
  dialog,
  ipcMain,
  Menu,
  nativeImage,
  Notification,
  powerMonitor,
  protocol,
  safeStorage,
  session,
  shell,
  Tray,
} from 'electron';
import { systemClock } from '../../shared/base/clock.ts';
import { PINNED_KEYS } from '../updater/keys.ts';
import { readDesktopConfig } from './config.ts';
import { createJoining } from './core/joining.ts';
import { noUpdates } from './core/not-packaged.ts';
import type { ElectronParts } from './electron/parts.ts';
import { packagedUpdating } from './electron/packaged-updating.ts';
import { runApp } from './electron/run.ts';

const electron: ElectronParts = {
  app,
  BrowserWindow,
  Tray,
  Menu,
  Notification,
  nativeImage,
  ipcMain,
  protocol,
  // Not before the app is ready, which is when it is asked for.
  get session() {
    return session;
  },
  dialog,
  shell,
  safeStorage,
  powerMonitor,
  crashReporter,
};
const config = readDesktopConfig(app.isPackaged ? process.resourcesPath : null);
const { electron: electronVersion, chrome, node } = process.versions;

await runApp({
  electron,
  config,
  argv: process.argv,
  versions: { electron: electronVersion, chrome, node },
  joining: createJoining(systemClock),
  updating: async (updated) =>
    app.isPackaged
      ? packagedUpdating({
          app: updated,
          restart: () => {
            // An AppImage's own files are gone with the app that ran from them.
            app.relaunch(config.appImage === null ? {} : { execPath: config.appImage });
            app.exit(0);
          },
          appImage: config.appImage,
          keys: PINNED_KEYS,
          platform: process.platform,
          arch: process.arch,
        })
      : noUpdates(),
  clock: systemClock,
  random: Math.random,
});
