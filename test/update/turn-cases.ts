/** When an update is installed, how it comes back, whose it may be, and how electron-updater puts it in place. */
import { chmodSync } from 'node:fs';
import { readFile, writeFile, mkdtemp } from 'node:fs/promises';
import path from 'node:path';
import { AppImageUpdater, DebUpdater } from 'electron-updater';
import { HANDS_OFF_MS } from '../../shared/model/update-policy.ts';
import { STARTED_WELL_MS } from '../../shared/model/update-trial.ts';
import { electronInstaller } from '../../src-main/updater/install/electron.ts';
import { must, type Attack } from '../hostile/attack.ts';
import { appAdapter, fakeDpkg } from '../support/electron-app.ts';
import { newPublisher } from '../support/update-feed.ts';
import type { Place } from './places.ts';
import { aMachine, installs, reaches, refuses, until } from './row.ts';

const HOUR = 3_600_000;
const log = { info: () => undefined, warn: () => undefined };

export function turnCases(place: Place, folder: string): Attack[] {
  const { offer, publisher } = place;
  return [
    {
      attack: 'an update during a task',
      async run() {
        await offer('2.0.0');
        const row = await aMachine(place, folder);
        row.machine.around.running = 2;
        await row.machine.updater?.check();
        await reaches(row, 'waiting');
        row.clock.jump(HOUR);
        await reaches(row, 'waiting');
        const waits = row.machine.status.waitingFor ?? '';
        must(row.machine.installs.length === 0 && /2 tasks/.test(waits), waits);
        row.machine.around.running = 0;
        row.clock.jump(60_000);
        await installs(row, '2.0.0');
        return `postponed ("${waits}"), installed when they had ended`;
      },
    },
    {
      attack: 'an update on a machine that is never idle',
      async run() {
        await offer('2.1.0');
        const row = await aMachine(place, folder);
        row.machine.around.running = 1;
        await row.machine.updater?.check();
        await reaches(row, 'waiting');
        row.clock.jump(5 * HOUR);
        await until(
          () => row.machine.held.at(-1) === 'drain',
          'the drain',
          () => JSON.stringify(row.machine.status),
        );
        must(row.machine.installs.length === 0, 'it was installed during a task');
        row.machine.around.running = 0;
        row.machine.updater?.wake();
        await installs(row, '2.1.0');
        return 'takes no new tasks after 4 h, installed when the last had ended';
      },
    },
    {
      attack: 'an update in the first minute of the working hours',
      async run() {
        await offer('2.2.0');
        const row = await aMachine(place, folder);
        row.machine.around.hoursBeganAt = row.clock.now();
        await row.machine.updater?.check();
        await reaches(row, 'waiting');
        const waits = row.machine.status.waitingFor ?? '';
        must(row.machine.installs.length === 0, 'it was installed');
        row.clock.jump(HANDS_OFF_MS);
        await installs(row, '2.2.0');
        return `postponed ("${waits}"), installed ${HANDS_OFF_MS / 1000} s later`;
      },
    },
    {
      attack: 'a new version that never comes to work',
      async run() {
        await offer('2.3.0');
        const row = await aMachine(place, folder);
        const { machine, clock } = row;
        await machine.updater?.check();
        await installs(row, '2.3.0');
        await machine.boot();
        await machine.updater?.startedWell();
        await offer('2.4.0');
        await machine.updater?.check();
        await installs(row, '2.4.0');
        await machine.boot();
        clock.jump(STARTED_WELL_MS);
        await machine.boot();
        clock.jump(STARTED_WELL_MS);
        await installs(row, '2.3.0');
        await machine.boot();
        machine.installs.length = 0;
        place.relay.requests.length = 0;
        const why = await refuses(row, place, /did not work on this machine/);
        await offer('2.5.0');
        await machine.updater?.check();
        await installs(row, '2.5.0');
        return `2.3.0 is put back after two tries of ${STARTED_WELL_MS / 1000} s; then: ${why}`;
      },
    },
    {
      attack: 'a new version that dies at each start',
      async run() {
        await offer('2.6.0');
        const row = await aMachine(place, folder);
        const own = path.join(await mkdtemp(path.join(folder, 'own-')), 'Playfleet.AppImage');
        await writeFile(own, 'version 1.0.0');
        row.machine.ownPackage = own;
        await row.machine.updater?.check();
        await installs(row, '2.6.0');
        for (const start of [1, 2]) must((await row.machine.boot()) !== null, `it was put back at start ${start}`);
        must((await row.machine.boot()) === null, 'it was started a third time');
        must(row.machine.installed === '1.0.0', `${row.machine.installed} is installed`);
        return '1.0.0 is put back at the third start, before anything else of it runs';
      },
    },
    {
      attack: 'the key of the publisher is replaced',
      async run() {
        const [next, later] = [newPublisher(), newPublisher()];
        await offer('2.7.0');
        const row = await aMachine(place, folder, { keys: [publisher.publicKey, next.publicKey] });
        const { machine } = row;
        await machine.updater?.check();
        await installs(row, '2.7.0');
        // 2.7.0 pins the next key and the one after it.
        machine.follow({ keys: [next.publicKey, later.publicKey] });
        await machine.boot();
        await machine.updater?.startedWell();
        machine.installs.length = 0;
        place.relay.requests.length = 0;
        await offer('2.8.0');
        const why = await refuses(row, place, /does not know/);
        await offer('2.8.1', { by: [publisher, next] });
        await machine.updater?.check();
        await installs(row, '2.8.1');
        return `the old key alone: ${why}; both, and the next one alone later, are taken`;
      },
    },
    {
      attack: 'electron-updater installs a deb on plain Node, behind our checks',
      async run() {
        const own = await mkdtemp(path.join(folder, 'deb-'));
        const dpkg = await fakeDpkg(own);
        const before = process.env['PATH'];
        process.env['PATH'] = `${dpkg.bin}:${before ?? ''}`;
        try {
          await offer('2.9.0', { content: Buffer.from('the package 2.9.0') });
          const updater = new DebUpdater(null, await appAdapter(own, '1.0.0'));
          const installer = electronInstaller({
            updater,
            format: 'deb',
            finish: (one) => void one.install(true, false),
            appImage: null,
            log,
          });
          const row = await aMachine(place, folder, { installer });
          await row.machine.updater?.check();
          await until(
            () => row.machine.ends.length > 0,
            'the installation',
            () => JSON.stringify(row.machine.status),
          );
          const taken = await dpkg.installed();
          must(taken.join() === 'the package 2.9.0', `dpkg was given ${taken.join()}`);
          return 'dpkg (a stand-in that takes note) was given the checked bytes';
        } finally {
          process.env['PATH'] = before;
        }
      },
    },
    {
      attack: 'electron-updater replaces an AppImage, and puts it back',
      async run() {
        const own = await mkdtemp(path.join(folder, 'appimage-'));
        const appImage = path.join(own, 'Playfleet.AppImage');
        const program = (version: string): string => `#!/bin/sh\necho ${version} >> '${own}/starts'\n`;
        await writeFile(appImage, program('1.0.0'));
        chmodSync(appImage, 0o755);
        process.env['APPIMAGE'] = appImage;
        try {
          await offer('2.10.0', { packages: ['linux-x86_64.AppImage'], content: Buffer.from(program('2.10.0')) });
          const installerOf = async (version: string) =>
            electronInstaller({
              updater: new AppImageUpdater(null, await appAdapter(own, version)),
              format: 'AppImage',
              finish: (one) => void one.install(true, false),
              appImage,
              log,
            });
          const row = await aMachine(place, folder, { installer: await installerOf('1.0.0') });
          const { machine } = row;
          await machine.updater?.check();
          await until(
            () => machine.ends.length === 1,
            'the installation',
            () => JSON.stringify(machine.status),
          );
          must((await readFile(appImage, 'utf8')) === program('2.10.0'), 'the file is another');
          machine.installed = '2.10.0';
          machine.follow({ installer: await installerOf('2.10.0') });
          await machine.boot();
          await machine.boot();
          must((await machine.boot()) === null, 'it was started a third time');
          must((await readFile(appImage, 'utf8')) === program('1.0.0'), 'the version before is not back');
          return `replaced in place and run once (${(await readFile(path.join(own, 'starts'), 'utf8')).trim().replaceAll('\n', ', ')}); 1.0.0 is back after two bad starts`;
        } finally {
          delete process.env['APPIMAGE'];
        }
      },
    },
  ];
}
