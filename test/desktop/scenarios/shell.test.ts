import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { channelOf, DESKTOP_ASKS, DESKTOP_TELLS } from '../../../shared/protocol/desktop/calls.ts';
import { desktopCalls, desktopTells } from '../../../shared/protocol/desktop/api.ts';
import { FUSES } from '../../../src-main/desktop/fuses.ts';
import { DoubleElectron } from '../double/electron.ts';
import { runApp } from '../../../src-main/desktop/electron/run.ts';
import { tempFolder } from '../../support/folders.ts';
import { startApp } from '../app.ts';

/** Numbers are those of Electron's security checklist (docs/desktop.md has the table). */
describe('the shell keeps', () => {
  test('2, 3, 4: pages without Node, isolated, in the sandbox, with no experimental door (5, 6, 8, 9, 11)', async () => {
    const { electron } = await startApp();
    expect(electron.isSandboxed).toBe(true);
    expect(electron.window.options.webPreferences).toMatchObject({
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      allowRunningInsecureContent: false,
      experimentalFeatures: false,
      webviewTag: false,
    });
    expect(electron.window.options.webPreferences).not.toHaveProperty('enableBlinkFeatures');
  });

  test('1, 7, 18: local content alone in its window, by a scheme of its own with a strict policy, never file://', async () => {
    const { electron } = await startApp();
    expect(electron.window.loaded).toEqual(['app://playfleet/setup']);
    expect(electron.schemes).toEqual([
      {
        scheme: 'app',
        privileges: { standard: true, secure: true, supportFetchAPI: true, stream: true, codeCache: true },
      },
    ]);
    const answer = await electron.request('/setup', {}, null);
    expect(answer.headers.get('content-security-policy')).toMatch(/^default-src 'none'; script-src 'self' 'nonce-/);
  });

  test('5: permissions to itself, and gives none to frames', async () => {
    const { electron } = await startApp();
    const { requestHandler, checkHandler, deviceHandler } = electron.session;
    const contents = electron.window.webContents;
    const asked = (permission: string, requestingUrl: string): boolean => {
      let granted: boolean | null = null;
      requestHandler!(contents as never, permission as never, (yes) => (granted = yes), { requestingUrl } as never);
      return granted!;
    };
    expect(asked('clipboard-sanitized-write', 'app://playfleet/runs')).toBe(true);
    expect(asked('media', 'app://playfleet/runs')).toBe(false);
    expect(asked('clipboard-sanitized-write', 'http://mill:4801/trace')).toBe(false);
    expect(checkHandler!(contents as never, 'geolocation', 'app://playfleet/', {} as never)).toBe(false);
    expect(checkHandler!(contents as never, 'fullscreen', 'app://playfleet/', {} as never)).toBe(true);
    expect(deviceHandler!({} as never)).toBe(false);
  });

  test('12, 13, 14: navigation, new windows, webviews and foreign frames out, and opens only known https pages outside (15)', async () => {
    const { electron } = await startApp();
    const contents = electron.window.webContents;
    expect(contents.navigate('will-navigate', { url: 'app://playfleet/sign-in?return=%2F' })).toBe(true);
    for (const url of ['https://evil.example/', 'file:///etc/passwd', 'app://playfleet/api/v1/runs', 'app://evil/'])
      expect(contents.navigate('will-navigate', { url })).toBe(false);
    expect(contents.navigate('will-redirect', { url: 'https://evil.example/' })).toBe(false);
    expect(contents.navigate('will-frame-navigate', { url: 'https://evil.example/', isMainFrame: false })).toBe(false);
    expect(contents.navigate('will-frame-navigate', { url: 'app://playfleet/', isMainFrame: false })).toBe(false);
    expect(contents.navigate('will-attach-webview', { url: '' })).toBe(false);
    expect(electron.openedOutside).toEqual([]);
    for (const url of ['https://playwright.dev/docs', 'https://evil.example/', 'javascript:alert(1)', 'ms-msdt:/id'])
      expect(contents.open(url)).toEqual({ action: 'deny' });
    expect(electron.openedOutside).toEqual(['https://playwright.dev/docs']);
    expect(electron.windows).toHaveLength(1);
  });

  test('17, 20: its functions from everybody but its own page in the top frame of its own window', async () => {
    const app = await startApp();
    const id = app.electron.window.webContents.id;
    expect(app.electron.channels.sort()).toEqual(DESKTOP_ASKS.map(channelOf).sort());
    for (const name of DESKTOP_ASKS) {
      for (const frame of [
        { url: 'http://mill:4801/trace/index.html' },
        { url: 'app://playfleet/', isTop: false },
        { url: 'app://playfleet/', windowId: id + 1 },
        { url: 'file:///app/index.html' },
      ])
        expect(await app.electron.invoke(channelOf(name), undefined, frame)).toMatchObject({
          ok: false,
          problem: { code: 'not_allowed' },
        });
    }
    expect(app.electron.exitCode).toBeNull();
  });

  test('what is asked to the contract: wrong arguments are refused by the name of their field', async () => {
    const app = await startApp();
    expect(await app.refusal('pause', { for: 'ever' })).toMatchObject({ code: 'bad_argument', field: 'for' });
    expect(await app.refusal('setPreferences', { startAtLogin: true, more: 1 })).toMatchObject({
      code: 'bad_argument',
    });
    expect(await app.refusal('quit', 'now')).toMatchObject({ code: 'bad_argument' });
    expect(await app.refusal('state', {})).toMatchObject({ code: 'bad_argument' });
    expect(await app.refusal('wizardDo', { do: 'join', join: { by: 'link', link: '' } })).toMatchObject({
      field: 'join.link',
    });
    expect(await app.refusal('pause', { for: 'hour' })).toMatchObject({ code: 'agent_refused' });
    expect(await app.refusal('manners')).toMatchObject({ code: 'not_set_up' });
    expect(await app.refusal('forgetCoordinator', { id: 'x' })).toMatchObject({ code: 'unknown', field: 'id' });
    expect(await app.refusal('setCopySecrets', { on: true })).toMatchObject({ code: 'own' });
    expect(await app.refusal('setCopySecrets', {})).toMatchObject({ code: 'bad_argument', field: 'on' });
  });

  test('certificates to what Chromium says, where no pin is known', async () => {
    const { electron } = await startApp();
    let verdict: number | null = null;
    electron.session.verify!({ hostname: 'mill', certificate: { data: '' } } as never, (given) => (verdict = given));
    expect(verdict).toBe(-3);
  });

  test('crash reports on this computer', async () => {
    const app = await startApp();
    expect(app.electron.crashOptions).toEqual([{ uploadToServer: false, productName: 'Playfleet', compress: false }]);
    expect(await app.ask('crashes')).toEqual([]);
    mkdirSync(path.join(app.folder, 'crashDumps/pending'), { recursive: true });
    for (const name of ['a.dmp', 'a.meta', 'settings.dat'])
      writeFileSync(path.join(app.folder, 'crashDumps/pending', name), 'x');
    expect(await app.ask('crashes')).toMatchObject([{ name: 'a.dmp', bytes: 1 }]);
    await app.ask('deleteCrashes');
    expect(await app.ask('crashes')).toEqual([]);
  });

  test('its fuses blown', () => {
    expect(FUSES).toMatchObject({
      RunAsNode: false,
      EnableNodeOptionsEnvironmentVariable: false,
      EnableNodeCliInspectArguments: false,
    });
    const builder = readFileSync(path.resolve(import.meta.dirname, '../../../electron-builder.yml'), 'utf8');
    for (const [name, on] of Object.entries(FUSES))
      expect(builder).toContain(`  ${name[0]!.toLowerCase()}${name.slice(1)}: ${on}\n`);
  });
});

test('the contract has a shape for every name, and a name for every shape', () => {
  expect(Object.keys(desktopCalls).sort()).toEqual([...DESKTOP_ASKS].sort());
  expect(Object.keys(desktopTells).sort()).toEqual([...DESKTOP_TELLS].sort());
});

test('a second one hands its link to the first, and ends without touching anything', async () => {
  const first = await startApp();
  const folder = tempFolder();
  const electron = new DoubleElectron({ folder, isFirst: false });
  const never = (): never => {
    throw new Error('it went on');
  };
  const second = await runApp({
    electron: electron.parts,
    argv: ['playfleet://run/42'],
    config: {
      programs: { node: '', cli: '', env: {} },
      dashboardDir: '',
      iconsDir: '',
      preload: '',
      dataDir: folder,
      promotedHost: '127.0.0.1',
      appImage: null,
      program: '',
      autostartDir: '',
      machine: { name: 'm', platform: 'linux', arch: 'x64', cpus: 1 },
      timeZone: 'UTC',
    },
    versions: { electron: '', chrome: '', node: '' },
    joining: { discover: never, redeem: never },
    updating: never,
    clock: { now: () => 0, monotonic: () => 0, after: never },
    random: () => 0,
  });
  expect([second, electron.exitCode, electron.windows.length]).toEqual([null, 0, 0]);
  first.electron.app.emit('second-instance', {}, ['/opt/playfleet', '--flag', 'playfleet://run/42'], '/home');
  await expect.poll(() => first.electron.window.loaded.at(-1)).toBe('app://playfleet/runs/42');
  first.electron.app.emit('open-url', { preventDefault: () => undefined }, 'playfleet://run/43');
  await expect.poll(() => first.electron.window.loaded.at(-1)).toBe('app://playfleet/runs/43');
  first.electron.app.emit('open-url', { preventDefault: () => undefined }, 'playfleet://run/../../setup');
  first.electron.app.emit('second-instance', {}, ['/opt/playfleet', 'playfleet://evil'], '/home');
  await expect.poll(() => first.log('app').match(/a link was not understood/g)?.length).toBe(2);
  expect(first.electron.window.loaded.at(-1)).toBe('app://playfleet/runs/43');
});

test('its window is gone when it is closed, and made anew when it is wanted; the app stays', async () => {
  const app = await startApp();
  app.electron.window.close();
  app.electron.app.emit('window-all-closed');
  expect(app.electron.exitCode).toBeNull();
  app.electron.choose('Set up…');
  expect(app.electron.windows).toHaveLength(2);
  expect(app.electron.window.loaded).toEqual(['app://playfleet/setup']);
});

test('settings of a newer version stop it with a sentence', async () => {
  const folder = tempFolder();
  mkdirSync(path.join(folder, 'desktop'));
  writeFileSync(path.join(folder, 'desktop/settings.json'), '{"version":99}');
  await expect(startApp({ folder })).rejects.toThrow(/written by a newer version of Playfleet/);
});
