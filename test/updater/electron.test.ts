/** electron-updater itself on plain Node, behind our checks: what it installs, and what it is never shown. */
import { chmodSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { AppImageUpdater, DebUpdater } from 'electron-updater';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { electronInstaller } from '../../src-main/updater/install/electron.ts';
import { sha512Of } from '../../src-main/updater/hash.ts';
import { tempFolder } from '../support/folders.ts';
import { JumpClock } from '../support/jump-clock.ts';
import { flipByte, newPublisher, publish, serveFolder } from '../support/update-feed.ts';
import { appAdapter, fakeDpkg } from '../support/electron-app.ts';
import { UpdatedMachine } from '../support/updated-machine.ts';

const log = { info: () => undefined, warn: () => undefined };
afterEach(() => vi.unstubAllEnvs());

async function aDeb(folder: string, content = 'a package') {
  await mkdir(folder, { recursive: true });
  const file = path.join(folder, 'playfleet-1.1.0-linux-amd64.deb');
  await writeFile(file, content);
  return { file, version: '1.1.0', size: content.length, sha512: await sha512Of(file) };
}

async function debInstaller(folder: string) {
  const dpkg = await fakeDpkg(folder);
  vi.stubEnv('PATH', `${dpkg.bin}:${process.env['PATH'] ?? ''}`);
  const updater = new DebUpdater(null, await appAdapter(folder, '1.0.0'));
  const finish = (one: DebUpdater): void => void one.install(true, false);
  return { dpkg, installer: electronInstaller({ updater, format: 'deb', finish, appImage: null, log }) };
}

test('a checked package is handed to dpkg by electron-updater', async () => {
  const folder = tempFolder();
  const { dpkg, installer } = await debInstaller(folder);
  await installer.install(await aDeb(path.join(folder, 'loaded')));
  expect(await dpkg.installed()).toEqual(['a package']);
});

test('a package that was changed behind our back is refused at the last moment', async () => {
  const folder = tempFolder();
  const { dpkg, installer } = await debInstaller(folder);
  const checked = await aDeb(path.join(folder, 'loaded'));
  await flipByte(checked.file);
  await expect(installer.install(checked)).rejects.toMatchObject({ code: 'damaged' });
  expect(await dpkg.installed()).toEqual([]);
});

test('an installation that dpkg refuses is an error that says so', async () => {
  const folder = tempFolder();
  const { dpkg, installer } = await debInstaller(folder);
  await dpkg.refuse();
  await expect(installer.install(await aDeb(path.join(folder, 'loaded')))).rejects.toMatchObject({
    code: 'install_failed',
  });
});

test('an AppImage is replaced in place, and put back where the new one does not come to work', async () => {
  const folder = tempFolder();
  const appImage = path.join(folder, 'Playfleet.AppImage');
  const program = (version: string) => `#!/bin/sh\necho ${version} >> '${folder}/starts'\n`;
  await writeFile(appImage, program('1.0.0'));
  chmodSync(appImage, 0o755);
  vi.stubEnv('APPIMAGE', appImage);
  const feedFolder = path.join(folder, 'feed');
  const publisher = newPublisher();
  const content = Buffer.from(program('1.1.0'));
  await publish(feedFolder, { version: '1.1.0', by: publisher, packages: ['linux-x86_64.AppImage'], content });
  const feed = await serveFolder(() => feedFolder);
  const adapter = await appAdapter(folder, '1.0.0');
  const installerOf = async (version: string) =>
    electronInstaller({
      updater: new AppImageUpdater(null, { ...adapter, version }),
      format: 'AppImage',
      finish: (one) => void one.install(true, false),
      appImage,
      log,
    });
  const machine = new UpdatedMachine({
    folder: path.join(folder, 'updates'),
    keys: [publisher.publicKey],
    source: { url: feed.url, headers: () => ({}), pin: null },
    clock: new JumpClock(),
    installer: await installerOf('1.0.0'),
  });
  onTestFinished(async () => {
    await machine.updater?.stop();
    await feed.close();
  });
  await machine.boot();
  await machine.updater?.check();
  await vi.waitFor(() => expect(machine.ends).toEqual(['1.1.0 is installed']), { timeout: 10_000 });
  expect(await readFile(appImage, 'utf8')).toBe(program('1.1.0'));
  // The updater has started it once, to let it settle in.
  expect(await readFile(path.join(folder, 'starts'), 'utf8')).toBe('1.1.0\n');
  machine.installed = '1.1.0';
  machine.follow({ installer: await installerOf('1.1.0') });
  await machine.boot();
  await machine.boot();
  expect(await machine.boot()).toBeNull();
  expect(machine.ends.at(-1)).toBe('1.0.0 is put back');
  expect(await readFile(appImage, 'utf8')).toBe(program('1.0.0'));
});
