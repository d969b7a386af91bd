/**
 * The part of Electron that the app uses, and nothing else: main.ts hands the real one in, tests a double. Everything is picked from Electron's own
 * declarations, so that neither the app nor the double can call what is not there.
 */
import type * as Electron from 'electron';

export type AppPart = Pick<
  Electron.App,
  | 'on'
  | 'whenReady'
  | 'exit'
  | 'requestSingleInstanceLock'
  | 'setAsDefaultProtocolClient'
  | 'setLoginItemSettings'
  | 'setAppUserModelId'
  | 'enableSandbox'
  | 'getPath'
  | 'getVersion'
  | 'getPreferredSystemLanguages'
  | 'isPackaged'
>;
export type WebContentsPart = Pick<
  Electron.WebContents,
  'id' | 'send' | 'on' | 'setWindowOpenHandler' | 'isDestroyed' | 'getURL'
>;
export type WindowPart = Pick<
  Electron.BrowserWindow,
  'loadURL' | 'show' | 'focus' | 'isFocused' | 'isMinimized' | 'restore' | 'isDestroyed' | 'on'
> & { readonly webContents: WebContentsPart };
export type TrayPart = Pick<
  Electron.Tray,
  'setImage' | 'setToolTip' | 'setTitle' | 'setContextMenu' | 'on' | 'destroy'
>;
export type NotificationPart = Pick<Electron.Notification, 'show' | 'on'>;
export type SessionPart = Pick<
  Electron.Session,
  | 'setPermissionRequestHandler'
  | 'setPermissionCheckHandler'
  | 'setDevicePermissionHandler'
  | 'setCertificateVerifyProc'
> & { readonly protocol: Pick<Electron.Protocol, 'handle'> };

export interface ElectronParts {
  app: AppPart;
  BrowserWindow: new (options: Electron.BrowserWindowConstructorOptions) => WindowPart;
  Tray: new (image: Electron.NativeImage) => TrayPart;
  Menu: Pick<typeof Electron.Menu, 'buildFromTemplate' | 'setApplicationMenu'>;
  Notification: (new (options: Electron.NotificationConstructorOptions) => NotificationPart) &
    Pick<typeof Electron.Notification, 'isSupported'>;
  nativeImage: Pick<typeof Electron.nativeImage, 'createFromPath'>;
  ipcMain: Pick<Electron.IpcMain, 'handle'>;
  protocol: Pick<Electron.Protocol, 'registerSchemesAsPrivileged'>;
  session: { readonly defaultSession: SessionPart };
  dialog: Pick<Electron.Dialog, 'showMessageBox' | 'showErrorBox'>;
  shell: Pick<Electron.Shell, 'openExternal' | 'openPath'>;
  safeStorage: Pick<
    Electron.SafeStorage,
    'isAsyncEncryptionAvailable' | 'encryptStringAsync' | 'decryptStringAsync' | 'getSelectedStorageBackend'
  >;
  powerMonitor: Pick<
    Electron.PowerMonitor,
    'on' | 'getSystemIdleTime' | 'getSystemIdleState' | 'getCurrentThermalState' | 'isOnBatteryPower'
  >;
  crashReporter: Pick<Electron.CrashReporter, 'start'>;
}
