/**
 * How an installed app puts another version in its place: electron-updater's own classes with its own adapter to Electron, which is a double here. The
 * system's installers are stand-ins that write down what they are told.
 */
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import type { Updating } from '../../src-main/desktop/core/ports.ts';
import { packagedUpdating } from '../../src-main/desktop/electron/packaged-updating.ts';
import { fakeDpkg } from '../support/electron-app.ts';
import { tempFolder } from '../support/folders.ts';
import { JumpClock } from '../support/jump-clock.ts';
import { newPublisher, publish, serveFolder } from '../support/update-feed.ts';
import { UpdaterElectron } from './double/updater-electron.ts';

const publisher = newPublisher();
afterEach(() => vi.unstubAllEnvs());

/** An installed app of version 1.0.0 on this disk. */
async function installedApp({
  platform = 'linux',
  appImage = null,
}: { platform?: NodeJS.Platform; appImage?: string | null } = {}) {
  const folder = tempFolder();
  const resources = path.join(folder, 'resources');
  await mkdir(resources);
  // As electron-builder writes it into each package.
  const config = 'provider: generic\nurl: http://127.0.0.1:9\nupdaterCacheDirName: playfleet-updater\n';
  await writeFile(path.join(resources, 'app-update.yml'), config);
  const before = process.resourcesPath;
  Object.assign(process, { resourcesPath: resources });
  const electron = new UpdaterElectron(folder, '1.0.0');
  const takeAway = electron.install();
  const dpkg = await fakeDpkg(folder);
  vi.stubEnv('PATH', `${dpkg.bin}:${process.env['PATH'] ?? ''}`);
  vi.stubEnv('XDG_CACHE_HOME', path.join(folder, 'cache'));
  const feedFolder = path.join(folder, 'feed');
  const feed = await serveFolder(() => feedFolder);
  const clock = new JumpClock();
  let running: Updating | null = null;
  onTestFinished(async () => {
    running?.stop();
    takeAway();
    Object.assign(process, { resourcesPath: before });
    await feed.close();
  });
  /** What the app was told, in order; `electron.asked` has what electron-updater did. */
  const told: string[] = [];
  const start = async (version: string) => {
    electron.version = version;
    running = await packagedUpdating({
      app: {
        version,
        folder,
        machine: () => ({
          running: 0,
          isMetered: false,
          isWatched: false,
          hoursBeganAt: null,
          hoursBeginAt: null,
          isShutOut: false,
        }),
        source: async () => ({ url: feed.url, headers: () => ({}), pin: null }),
        preferences: () => ({ automatic: true, channel: 'stable' }),
        machineId: 'machine-1',
        hold: () => undefined,
        end: () => void told.push('end'),
        clock,
        note: () => undefined,
      },
      restart: () => void told.push('restart'),
      appImage,
      keys: [publisher.publicKey],
      platform,
      arch: 'x64',
    });
    return running;
  };
  const offer = (version: string, name: string, content: string) =>
    publish(feedFolder, { version, by: publisher, packages: [name], content: Buffer.from(content) });
  return { folder, resources, electron, dpkg, clock, told, start, offer };
}

const untilTold = (told: readonly string[], word: string) =>
  vi.waitFor(() => expect(told.at(-1)).toBe(word), { timeout: 20_000 });

test('a .deb is installed when the app leaves, not before, and the new version begins', async () => {
  const { dpkg, electron, told, start, offer } = await installedApp();
  await offer('1.1.0', 'linux-amd64.deb', 'version 1.1.0');
  const updating = await start('1.0.0');
  expect(updating?.leave()).toBe(false);
  await updating?.install(true);
  await untilTold(told, 'end');
  expect(await dpkg.installed()).toEqual([]);
  expect(updating?.leave()).toBe(true);
  await untilTold(electron.asked, 'quit');
  expect(await dpkg.installed()).toEqual(['version 1.1.0']);
  expect(electron.asked).toEqual(['relaunch', 'before-quit-for-update', 'quit']);
  expect(told).toEqual(['end']);
});

test('where the system refuses the package, the app that was there begins again, and says what was wrong', async () => {
  const { dpkg, electron, told, start, offer } = await installedApp();
  await offer('1.1.0', 'linux-amd64.deb', 'version 1.1.0');
  await dpkg.refuse();
  const updating = await start('1.0.0');
  await updating?.install(true);
  await untilTold(told, 'end');
  expect(updating?.leave()).toBe(true);
  await untilTold(told, 'restart');
  expect(electron.asked).toEqual([]);
  const again = await start('1.0.0');
  expect(again?.state).toMatchObject({ state: 'failed' });
  expect(again?.state.problem).toMatch(/1.1.0 was to be installed, and 1.0.0 is still here/);
});

test('a version that does not come to work is started once more, and then the one before is put back before anything of it begins', async () => {
  const { dpkg, clock, electron, told, start, offer } = await installedApp();
  const update = async (from: string, to: string) => {
    await offer(to, 'linux-amd64.deb', `version ${to}`);
    const updating = await start(from);
    updating?.start();
    // It has come to work by then.
    clock.jump(31_000);
    await updating?.install(true);
    await untilTold(told, 'end');
    updating?.leave();
    await untilTold(electron.asked, 'quit');
    updating?.stop();
  };
  await update('1.0.0', '1.1.0');
  await update('1.1.0', '1.2.0');
  expect(await dpkg.installed()).toEqual(['version 1.1.0', 'version 1.2.0']);
  const first = await start('1.2.0');
  told.length = 0;
  clock.jump(91_000);
  expect(told).toEqual(['end']);
  expect(first?.leave()).toBe(true);
  expect(told).toEqual(['end', 'restart']);
  expect(await start('1.2.0')).not.toBeNull();
  electron.asked.length = 0;
  expect(await start('1.2.0')).toBeNull();
  await untilTold(electron.asked, 'quit');
  expect((await dpkg.installed()).at(-1)).toBe('version 1.1.0');
});

test('an AppImage is replaced by the file that was checked, which begins', async () => {
  const folder = tempFolder();
  const appImage = path.join(folder, 'Playfleet.AppImage');
  const program = (version: string) => `#!/bin/sh\necho "${version} $APPIMAGE_SILENT_INSTALL" >> '${folder}/starts'\n`;
  await writeFile(appImage, program('1.0.0'));
  await chmod(appImage, 0o755);
  vi.stubEnv('APPIMAGE', appImage);
  const { electron, told, start, offer } = await installedApp({ appImage });
  await offer('1.1.0', 'linux-x86_64.AppImage', program('1.1.0'));
  const updating = await start('1.0.0');
  await updating?.install(true);
  await untilTold(told, 'end');
  updating?.leave();
  await untilTold(electron.asked, 'quit');
  expect(await readFile(appImage, 'utf8')).toBe(program('1.1.0'));
  await vi.waitFor(async () => expect(await readFile(path.join(folder, 'starts'), 'utf8')).toBe('1.1.0 true\n'), {
    timeout: 20_000,
  });
});

test('on Windows the installer is started silently, with the wish to start the app again', async () => {
  const { resources, folder, electron, told, start, offer } = await installedApp({ platform: 'win32' });
  // The file that was checked cannot be executed here, as where Windows demands an administrator: then this is asked.
  const elevate = path.join(resources, 'elevate.exe');
  await writeFile(elevate, `#!/bin/sh\ncat "$1" > '${folder}/given'\nshift\necho "$@" > '${folder}/words'\n`);
  await chmod(elevate, 0o755);
  await offer('1.1.0', 'win-x64.exe', 'the installer of 1.1.0');
  const updating = await start('1.0.0');
  await updating?.install(true);
  await untilTold(told, 'end');
  expect(updating?.leave()).toBe(true);
  await untilTold(electron.asked, 'quit');
  await vi.waitFor(async () => expect(await readFile(path.join(folder, 'words'), 'utf8')).not.toBe(''), {
    timeout: 20_000,
  });
  expect(await readFile(path.join(folder, 'given'), 'utf8')).toBe('the installer of 1.1.0');
  expect(await readFile(path.join(folder, 'words'), 'utf8')).toBe('--updated /S --force-run\n');
});
