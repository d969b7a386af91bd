/** The one window. It is made when it is wanted and gone when it is closed: an app in the tray draws nothing. */
import path from 'node:path';
import { channelOf, type DesktopTell } from '../../../shared/protocol/desktop/calls.ts';
import { APP_ORIGIN } from '../rules/external.ts';
import type { ElectronParts, WebContentsPart, WindowPart } from './parts.ts';

export interface WindowPlace {
  preload: string;
  iconsDir: string;
  devTools: boolean;
}

export class AppWindow {
  readonly #BrowserWindow: ElectronParts['BrowserWindow'];
  readonly #place: WindowPlace;
  #window: WindowPart | null = null;

  constructor({ BrowserWindow }: Pick<ElectronParts, 'BrowserWindow'>, place: WindowPlace) {
    this.#BrowserWindow = BrowserWindow;
    this.#place = place;
  }

  /** Opens it, or brings it to the front; null: where it is. */
  show(page: string | null): void {
    const window = this.#window;
    if (window === null || window.isDestroyed()) {
      void this.#open(page ?? '/');
      return;
    }
    if (page !== null) void window.loadURL(APP_ORIGIN + page);
    if (window.isMinimized()) window.restore();
    window.show();
    window.focus();
  }

  tell(name: DesktopTell, told: unknown): void {
    if (this.#window !== null && !this.#window.isDestroyed()) this.#window.webContents.send(channelOf(name), told);
  }

  get isWatched(): boolean {
    return this.#window !== null && !this.#window.isDestroyed() && this.#window.isFocused();
  }

  /** Whether these are the contents of our window. */
  holds(contents: Pick<WebContentsPart, 'id'>): boolean {
    return this.#window !== null && !this.#window.isDestroyed() && this.#window.webContents.id === contents.id;
  }

  async #open(page: string): Promise<void> {
    const { preload, iconsDir, devTools } = this.#place;
    const window = new this.#BrowserWindow({
      width: 1280,
      height: 840,
      minWidth: 390,
      minHeight: 480,
      show: false,
      title: 'Playfleet',
      icon: path.join(iconsDir, 'app-256.png'),
      webPreferences: {
        preload,
        devTools,
        sandbox: true,
        contextIsolation: true,
        nodeIntegration: false,
        nodeIntegrationInWorker: false,
        nodeIntegrationInSubFrames: false,
        webviewTag: false,
        webSecurity: true,
        allowRunningInsecureContent: false,
        experimentalFeatures: false,
        navigateOnDragDrop: false,
        spellcheck: false,
      },
    });
    this.#window = window;
    window.on('closed', () => {
      if (this.#window === window) this.#window = null;
    });
    window.on('ready-to-show', () => window.show());
    await window.loadURL(APP_ORIGIN + page);
  }
}
