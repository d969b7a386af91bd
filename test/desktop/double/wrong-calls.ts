/* eslint-disable @typescript-eslint/no-unsafe-call -- what does not compile has no type */
/**
 * Calls that Electron's declarations do not allow. Each is marked as an error that is expected, so that the project's type check fails where one
 * of them compiles; types.test.ts takes the marks away and counts what the compiler says then.
 */
import type { DoubleElectron } from './electron.ts';
import type { AppPart, ElectronParts, TrayPart } from '../../../src-main/desktop/electron/parts.ts';

export function wrongCalls({ parts }: DoubleElectron): void {
  // @ts-expect-error openAtLogin is a boolean
  parts.app.setLoginItemSettings({ openAtLogin: 'yes' });
  // @ts-expect-error there is no such event
  parts.app.on('second-instances', () => undefined);
  // @ts-expect-error the second argument of this event is a list of texts
  parts.app.on('second-instance', (_event, args: number) => args);
  // @ts-expect-error no path has this name
  parts.app.getPath('crashdump');
  // @ts-expect-error the app does not use it, so the double has none
  parts.app.quit();
  // @ts-expect-error misspelt: would leave the default in force
  new parts.BrowserWindow({ webPreferences: { sandboxed: true } });
  // @ts-expect-error the deprecated way, which blocks, is no part
  parts.safeStorage.encryptString('secret');
  // @ts-expect-error decrypting takes bytes
  void parts.safeStorage.decryptStringAsync('secret');
  // @ts-expect-error a scheme has no such privilege
  parts.protocol.registerSchemesAsPrivileged([{ scheme: 'app', privileges: { everything: true } }]);
  // @ts-expect-error a menu item has no such type
  parts.Menu.buildFromTemplate([{ type: 'line' }]);
  // @ts-expect-error `callback` of a permission takes a boolean
  parts.session.defaultSession.setPermissionRequestHandler((_contents, _permission, callback) => callback('granted'));
  // @ts-expect-error the handler of a protocol gives a Response
  parts.session.defaultSession.protocol.handle('app', () => 'text');
  // @ts-expect-error the power monitor tells no such thing
  parts.powerMonitor.on('battery', () => undefined);
}

// @ts-expect-error a double that lacks a function is no Electron
export const lacking: AppPart = { ...({} as Omit<AppPart, 'requestSingleInstanceLock'>) };
// @ts-expect-error nor is one whose function answers something else
export const answering: AppPart = { ...({} as AppPart), requestSingleInstanceLock: () => 'yes' };
// @ts-expect-error nor one whose class lacks a method
export const trays: ElectronParts['Tray'] = class implements Pick<TrayPart, 'setImage'> {
  setImage(): void {}
};
