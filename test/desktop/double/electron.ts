/**
 * Electron as far as the app uses it, in memory: what the app did can be looked at, and what a person or the system does can be done to it. Its
 * shapes are Electron's own declarations (src-main/desktop/electron/parts.ts): where Electron changes, this no longer compiles.
 */
import { EventEmitter } from 'node:events';
import path from 'node:path';
import type * as Electron from 'electron';
import type {
  AppPart,
  ElectronParts,
  SessionPart,
  TrayPart,
  WebContentsPart,
  WindowPart,
} from '../../../src-main/desktop/electron/parts.ts';

/** Electron's `on` is a list of overloads that return the whole object; here a listener is a listener. */
class Emitter extends EventEmitter {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  override on(event: string, listener: (...args: any[]) => void): any {
    return super.on(event, listener);
  }
}

type PageRequest = Request & { initiatorOrigin?: string };
type Answering = (request: Request) => Response | Promise<Response>;
type Handling = Parameters<Electron.IpcMain['handle']>[1];

export class DoubleWindow extends Emitter implements WindowPart {
  static #lastId = 0;
  readonly options: Electron.BrowserWindowConstructorOptions;
  readonly webContents: DoubleContents;
  /** Addresses that it was told to load. */
  readonly loaded: string[] = [];
  isShown = false;
  #isDestroyed = false;

  constructor(options: Electron.BrowserWindowConstructorOptions) {
    super();
    this.options = options;
    this.webContents = new DoubleContents(++DoubleWindow.#lastId, this);
  }
  async loadURL(url: string): Promise<void> {
    this.loaded.push(url);
    queueMicrotask(() => this.emit('ready-to-show'));
  }
  show(): void {
    this.isShown = true;
  }
  focus(): void {}
  isFocused(): boolean {
    return false;
  }
  isMinimized(): boolean {
    return false;
  }
  restore(): void {}
  isDestroyed(): boolean {
    return this.#isDestroyed;
  }
  /** Its person closes it. */
  close(): void {
    this.#isDestroyed = true;
    this.isShown = false;
    this.emit('closed');
  }
}

export class DoubleContents extends Emitter implements WebContentsPart {
  readonly id: number;
  readonly sent: { channel: string; told: unknown }[] = [];
  readonly #window: DoubleWindow;
  #opens: Parameters<WebContentsPart['setWindowOpenHandler']>[0] | null = null;

  constructor(id: number, window: DoubleWindow) {
    super();
    this.id = id;
    this.#window = window;
  }
  send(channel: string, ...told: unknown[]): void {
    // As between processes: what cannot be copied does not arrive.
    this.sent.push({ channel, told: structuredClone(told[0]) });
    this.emit('sent', channel, told[0]);
  }
  setWindowOpenHandler(handler: Parameters<WebContentsPart['setWindowOpenHandler']>[0]): void {
    this.#opens = handler;
  }
  isDestroyed(): boolean {
    return this.#window.isDestroyed();
  }
  getURL(): string {
    return this.#window.loaded.at(-1) ?? '';
  }
  /** The page asks for a new window. */
  open(url: string): ReturnType<Parameters<WebContentsPart['setWindowOpenHandler']>[0]> {
    return this.#opens!({ url } as Electron.HandlerDetails);
  }
  /** The page goes elsewhere by itself; true where it may. */
  navigate(event: string, details: { url: string; isMainFrame?: boolean }): boolean {
    let isPrevented = false;
    this.emit(event, { isMainFrame: true, ...details, preventDefault: () => (isPrevented = true) });
    return !isPrevented;
  }
}

export class DoubleTray extends Emitter implements TrayPart {
  image: Electron.NativeImage | string;
  tooltip = '';
  title = '';
  menu: readonly Electron.MenuItemConstructorOptions[] = [];
  isDestroyed = false;

  constructor(image: Electron.NativeImage) {
    super();
    this.image = image;
  }
  setImage(image: Electron.NativeImage | string): void {
    this.image = image;
  }
  setToolTip(tooltip: string): void {
    this.tooltip = tooltip;
  }
  setTitle(title: string): void {
    this.title = title;
  }
  setContextMenu(menu: Electron.Menu | null): void {
    this.menu = (menu as unknown as { template: Electron.MenuItemConstructorOptions[] } | null)?.template ?? [];
  }
  destroy(): void {
    this.isDestroyed = true;
  }
}

export interface DoubleOptions {
  folder: string;
  /** Electron's single-instance lock: false where another one has it. */
  isFirst?: boolean;
  languages?: string[];
  /** none: no encryption at all; basic_text: as on a Linux desktop without a keyring; other_key: what `good` has encrypted opens no more. */
  safeStorage?: 'good' | 'none' | 'basic_text' | 'other_key';
}

export class DoubleElectron {
  readonly parts: ElectronParts;
  readonly app = new Emitter();
  readonly power = new Emitter();
  readonly windows: DoubleWindow[] = [];
  readonly notifications: (Electron.NotificationConstructorOptions & { click: () => void })[] = [];
  readonly openedOutside: string[] = [];
  readonly openedFolders: string[] = [];
  readonly errors: string[] = [];
  readonly questions: Electron.MessageBoxOptions[] = [];
  readonly schemes: Electron.CustomScheme[] = [];
  readonly crashOptions: Electron.CrashReporterStartOptions[] = [];
  readonly protocolClients: string[] = [];
  loginItem: Electron.Settings | null = null;
  isSandboxed = false;
  /** What the next question is answered with: the index of a button. */
  nextAnswer = 1;
  /** To the next questions, one each; after them `nextAnswer`. */
  readonly answers: number[] = [];
  exitCode: number | null = null;
  idleSeconds = 600;
  onBattery = false;
  idleState: ReturnType<Electron.PowerMonitor['getSystemIdleState']> = 'idle';
  thermal: ReturnType<Electron.PowerMonitor['getCurrentThermalState']> = 'nominal';
  readonly session: {
    requestHandler: Parameters<SessionPart['setPermissionRequestHandler']>[0];
    checkHandler: Parameters<SessionPart['setPermissionCheckHandler']>[0];
    deviceHandler: Parameters<SessionPart['setDevicePermissionHandler']>[0];
    verify: Parameters<SessionPart['setCertificateVerifyProc']>[0];
  } = { requestHandler: null, checkHandler: null, deviceHandler: null, verify: null };
  readonly #handlers = new Map<string, Handling>();
  #answering: Answering | null = null;
  #tray: DoubleTray | null = null;
  readonly #exited: Promise<void>;

  constructor({ folder, isFirst = true, languages = ['en-GB'], safeStorage = 'good' }: DoubleOptions) {
    let exit!: () => void;
    this.#exited = new Promise((resolve) => (exit = resolve));
    const { power, windows, notifications } = this;
    const on = this.app.on.bind(this.app);
    const app: AppPart = {
      on,
      whenReady: async () => undefined,
      exit: (code = 0) => {
        this.exitCode ??= code;
        exit();
      },
      requestSingleInstanceLock: () => isFirst,
      setAsDefaultProtocolClient: (scheme) => this.protocolClients.push(scheme) > 0,
      setLoginItemSettings: (settings) => (this.loginItem = settings),
      setAppUserModelId: () => undefined,
      enableSandbox: () => (this.isSandboxed = true),
      getPath: (name) => path.join(folder, name),
      getVersion: () => '0.1.0',
      getPreferredSystemLanguages: () => languages,
      isPackaged: false,
    };
    const keep = (tray: DoubleTray): void => void (this.#tray = tray);
    const created = (contents: DoubleContents): void => void this.app.emit('web-contents-created', {}, contents);
    class Window extends DoubleWindow {
      constructor(options: Electron.BrowserWindowConstructorOptions) {
        super(options);
        windows.push(this);
        created(this.webContents);
      }
    }
    class Notification extends Emitter {
      static isSupported = (): boolean => true;
      readonly #options: Electron.NotificationConstructorOptions;
      constructor(options: Electron.NotificationConstructorOptions) {
        super();
        this.#options = options;
      }
      show(): void {
        notifications.push({ ...this.#options, click: () => void this.emit('click') });
      }
    }
    const defaultSession: SessionPart = {
      setPermissionRequestHandler: (handler) => (this.session.requestHandler = handler),
      setPermissionCheckHandler: (handler) => (this.session.checkHandler = handler),
      setDevicePermissionHandler: (handler) => (this.session.deviceHandler = handler),
      setCertificateVerifyProc: (verify) => (this.session.verify = verify),
      protocol: { handle: (scheme, answering) => scheme === 'app' && (this.#answering = answering) },
    };
    this.parts = {
      app,
      BrowserWindow: Window,
      Tray: class extends DoubleTray {
        constructor(image: Electron.NativeImage) {
          super(image);
          keep(this);
        }
      },
      Notification,
      Menu: {
        buildFromTemplate: (template) => ({ template }) as unknown as Electron.Menu,
        setApplicationMenu: () => undefined,
      },
      nativeImage: { createFromPath: (file) => ({ file }) as unknown as Electron.NativeImage },
      ipcMain: { handle: (channel, handler) => void this.#handlers.set(channel, handler) },
      protocol: { registerSchemesAsPrivileged: (schemes) => void this.schemes.push(...schemes) },
      session: { defaultSession },
      dialog: {
        showErrorBox: (_title, content) => void this.errors.push(content),
        showMessageBox: async (first: unknown, second?: Electron.MessageBoxOptions) => {
          this.questions.push(second ?? (first as Electron.MessageBoxOptions));
          return { response: this.answers.shift() ?? this.nextAnswer, checkboxChecked: false };
        },
      },
      shell: {
        openExternal: async (url) => void this.openedOutside.push(url),
        openPath: async (file) => {
          this.openedFolders.push(file);
          return '';
        },
      },
      safeStorage: {
        isAsyncEncryptionAvailable: async () => safeStorage !== 'none',
        getSelectedStorageBackend: () => (safeStorage === 'basic_text' ? 'basic_text' : 'gnome_libsecret'),
        encryptStringAsync: async (text) => encrypted(text, safeStorage === 'other_key' ? 0x3c : 0x5a),
        decryptStringAsync: async (bytes) => ({
          result: decrypted(bytes, safeStorage === 'other_key' ? 0x3c : 0x5a),
          shouldReEncrypt: false,
        }),
      },
      powerMonitor: {
        on: power.on.bind(power),
        getSystemIdleTime: () => this.idleSeconds,
        getSystemIdleState: () => this.idleState,
        getCurrentThermalState: () => this.thermal,
        isOnBatteryPower: () => this.onBattery,
      },
      crashReporter: { start: (options) => void this.crashOptions.push(options ?? {}) },
    };
  }

  /** Resolves when the app has ended itself. */
  get exited(): Promise<void> {
    return this.#exited;
  }

  get tray(): DoubleTray {
    if (this.#tray === null) throw new Error('there is no tray');
    return this.#tray;
  }

  get window(): DoubleWindow {
    const window = this.windows.findLast((one) => !one.isDestroyed());
    if (window === undefined) throw new Error('no window is open');
    return window;
  }

  /** Labels of the tray's menu, lines left out. */
  get menu(): string[] {
    return this.tray.menu.flatMap(({ label }) => label ?? []);
  }

  /** A choice of the tray's menu. */
  choose(label: string): void {
    const item = this.tray.menu.find((one) => one.label === label);
    if (!item?.click) throw new Error(`the tray offers no "${label}", only: ${this.menu.join(' | ')}`);
    item.click({} as Electron.MenuItem, undefined, {});
  }

  /** A page asks the app, as its preload script does. `frame`: of whom; the page of the open window where it is left out. */
  async invoke(
    channel: string,
    argument?: unknown,
    frame: { url?: string; isTop?: boolean; windowId?: number } = {},
  ): Promise<unknown> {
    const handler = this.#handlers.get(channel);
    if (handler === undefined) throw new Error(`nobody handles ${channel}`);
    const { url = 'app://playfleet/', isTop = true, windowId = this.window.webContents.id } = frame;
    const senderFrame = { url, parent: isTop ? null : {} };
    const event = { sender: { id: windowId }, senderFrame } as unknown as Electron.IpcMainInvokeEvent;
    const given: unknown[] = argument === undefined ? [] : [structuredClone(argument)];
    return structuredClone(await (handler(event, ...given) as Promise<unknown>));
  }

  get channels(): string[] {
    return [...this.#handlers.keys()];
  }

  /** A request to the app's scheme. `initiator`: the page's own where it is left out; null: the browser itself. */
  request(address: string, init: RequestInit = {}, initiator: string | null = 'app://playfleet'): Promise<Response> {
    if (this.#answering === null) throw new Error('nobody answers app://');
    const request: PageRequest = new Request(new URL(address, 'app://playfleet/'), init);
    if (initiator !== null) request.initiatorOrigin = initiator;
    return Promise.resolve(this.#answering(request));
  }
}

/** Unreadable on the disk, and bound to one key: the first byte is that. */
const encrypted = (text: string, key: number): Buffer =>
  Buffer.from([key, ...Buffer.from(text, 'utf8').map((byte) => byte ^ key)]);

export function decrypted([by, ...bytes]: Uint8Array, key = 0x5a): string {
  if (by !== key) throw new Error('Error while decrypting the ciphertext provided to safeStorage.decryptString.');
  return Buffer.from(bytes.map((byte) => byte ^ key)).toString('utf8');
}
