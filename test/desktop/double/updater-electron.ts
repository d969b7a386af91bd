/** What electron-updater's own classes take from Electron by themselves, where there is none: `require('electron')` gives this from then on. */
import { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';
import type * as Electron from 'electron';

const { cache, resolve } = createRequire(import.meta.url);

type AppOfUpdater = Pick<
  Electron.App,
  'isPackaged' | 'whenReady' | 'getVersion' | 'getName' | 'getAppPath' | 'getPath' | 'quit' | 'relaunch'
>;

export class UpdaterElectron {
  /** What it was asked for, in order. */
  readonly asked: string[] = [];
  readonly autoUpdater = new EventEmitter();
  readonly app: AppOfUpdater = {
    isPackaged: true,
    whenReady: async () => undefined,
    getVersion: () => this.version,
    getName: () => 'playfleet',
    getAppPath: () => this.folder,
    getPath: () => this.folder,
    quit: () => void this.asked.push('quit'),
    relaunch: () => void this.asked.push('relaunch'),
  };
  version: string;
  readonly folder: string;

  constructor(folder: string, version: string) {
    this.folder = folder;
    this.version = version;
    this.autoUpdater.on('before-quit-for-update', () => this.asked.push('before-quit-for-update'));
  }

  /** Returns what takes it away again. */
  install(): () => void {
    const name = resolve('electron');
    const before = cache[name];
    cache[name] = Object.assign(Object.create(null) as NodeJS.Module, { id: name, loaded: true, exports: this });
    return () => {
      if (before) cache[name] = before;
      else Reflect.deleteProperty(cache, name);
    };
  }
}
