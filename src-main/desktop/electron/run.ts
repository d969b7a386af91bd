/** Puts the app together on Electron, in the order that Electron demands. Nothing is decided here. */
import path from 'node:path';
import type { Clock } from '../../../shared/base/clock.ts';
import type { DesktopConfig } from '../config.ts';
import { Desktop } from '../core/desktop.ts';
import type { Joining, Updating } from '../core/ports.ts';
import type { UpdatedApp } from '../core/updating.ts';
import { FIRST_SETTINGS } from '../keep/settings.ts';
import { deepLinkIn, SCHEME } from '../rules/deep-link.ts';
import { HIDDEN_FLAG } from '../rules/login-item.ts';
import { startCrashReporter } from './crash-reports.ts';
import { guardContents, guardSession, type Trust } from './guard.ts';
import { carryAsks } from './ipc.ts';
import type { ElectronParts } from './parts.ts';
import { createSystem } from './system.ts';
import { AppTray } from './tray.ts';
import { AppWindow } from './window.ts';

export interface RunOptions {
  electron: ElectronParts;
  config: DesktopConfig;
  /** Of this process. */
  argv: readonly string[];
  versions: { electron: string; chrome: string; node: string };
  joining: Joining;
  /** null: another version is put in this one's place, and the app is ended by whoever does that. */
  updating: (app: UpdatedApp) => Promise<Updating | null>;
  clock: Clock;
  random: () => number;
}

const NOTHING_TO_DISTURB = {
  running: 0,
  isMetered: false,
  isWatched: false,
  hoursBeganAt: null,
  hoursBeginAt: null,
  isShutOut: false,
};

/** Resolves when the app has begun; null where another one runs already, which has been told. */
export async function runApp(options: RunOptions): Promise<Desktop | null> {
  const { electron, config, argv, versions, joining, updating, clock, random } = options;
  const { app, protocol, session, shell, ipcMain, powerMonitor, crashReporter, Menu, dialog } = electron;
  app.enableSandbox();
  startCrashReporter(crashReporter);
  protocol.registerSchemesAsPrivileged([
    {
      scheme: 'app',
      privileges: { standard: true, secure: true, supportFetchAPI: true, stream: true, codeCache: true },
    },
  ]);
  if (!app.requestSingleInstanceLock()) {
    app.exit(0);
    return null;
  }
  // Links may come before there is anybody to open them.
  const early: string[] = [];
  let desktop: Desktop | null = null;
  const openLink = (link: string): void => {
    if (desktop === null) early.push(link);
    else void desktop.openLink(link);
  };
  app.on('second-instance', (_event, args) => {
    const link = deepLinkIn(args);
    if (link !== null) openLink(link);
    else window.show(null);
  });
  app.on('open-url', (event, url) => {
    event.preventDefault();
    openLink(url);
  });
  const trust: Trust = {
    origins: () => desktop?.trustedOrigins() ?? [],
    contentOrigin: () => desktop?.crew.contentOrigin ?? null,
    pinFor: (hostname) => desktop?.pinFor(hostname) ?? null,
  };
  app.on('web-contents-created', (_event, contents) => guardContents(contents, shell, trust));
  // The app lives in the tray: that its window is closed ends nothing.
  app.on('window-all-closed', () => undefined);
  app.on('activate', () => window.show(null));
  app.on('before-quit', (event) => {
    // Before it has begun there is nothing to finish.
    if (desktop === null || desktop.hasEnded) return;
    event.preventDefault();
    void desktop.quit('drain');
  });
  const { preload, iconsDir, machine, dataDir } = config;
  const window = new AppWindow(electron, { preload, iconsDir, devTools: !app.isPackaged });
  await app.whenReady();
  app.setAppUserModelId('dev.playfleet.desktop');
  app.setAsDefaultProtocolClient(SCHEME);
  Menu.setApplicationMenu(
    machine.platform === 'darwin'
      ? Menu.buildFromTemplate([{ role: 'appMenu' }, { role: 'editMenu' }, { role: 'windowMenu' }])
      : null,
  );
  guardSession(session.defaultSession, trust);
  const tray = new AppTray(electron, { iconsDir, platform: machine.platform }, (action) => void desktop?.act(action));
  const folder = dataDir ?? app.getPath('userData');
  let update: Updating | null = null;
  update = await updating({
    version: app.getVersion(),
    folder,
    machine: () => desktop?.busyness() ?? NOTHING_TO_DISTURB,
    source: async (channel) => desktop?.crew.updateSource(channel) ?? null,
    preferences: () => desktop?.preferences.updates ?? FIRST_SETTINGS.preferences.updates,
    machineId: machine.name,
    hold: (how) => desktop?.crew.hold(how),
    end: () => {
      if (desktop !== null) void desktop.quit('now');
      else if (update !== null && !update.leave()) app.exit(0);
    },
    clock,
    note: (text) => desktop?.note(text),
  });
  if (update === null) return null;
  try {
    desktop = await Desktop.open({
      folder: path.join(folder, 'desktop'),
      programs: config.programs,
      dashboardDir: config.dashboardDir,
      machine,
      versions: { app: app.getVersion(), ...versions },
      system: createSystem(electron, { window, tray, config }),
      joining,
      updating: update,
      promotedHost: config.promotedHost,
      clock,
      random,
    });
  } catch (error) {
    dialog.showErrorBox('Playfleet', (error as Error).message);
    app.exit(1);
    return null;
  }
  session.defaultSession.protocol.handle('app', desktop.pages);
  carryAsks(ipcMain, window, (name, argument) => desktop.answer(name, argument));
  powerMonitor.on('suspend', () => void desktop?.systemSleeps());
  powerMonitor.on('resume', () => desktop?.systemWoke());
  powerMonitor.on('shutdown', () => void desktop?.quit('now'));
  await desktop.start(argv.includes(HIDDEN_FLAG));
  for (const link of [deepLinkIn(argv) ?? [], early].flat()) openLink(link);
  return desktop;
}
