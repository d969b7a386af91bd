/** What a feed offers, good and bad: the same cases at every place. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { stageOf } from '../../shared/model/update-trust.ts';
import { mountSmallDisk, NO_SMALL_DISK } from '../faults/small-disk.ts';
import { must, type Attack } from '../hostile/attack.ts';
import { newPublisher } from '../support/update-feed.ts';
import { envelopeText, type Place } from './places.ts';
import { aMachine, installs, reaches, refuses } from './row.ts';

const DAY = 86_400_000;
const HOUR = 3_600_000;
const MB = 1024 * 1024;
const flip = (bytes: Buffer): Buffer => {
  const copy = Buffer.from(bytes);
  const at = copy.length >> 1;
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
};

export interface Figures {
  /** A package of so many bytes was loaded, checked and handed to the installer. */
  goodMs: number;
  packageBytes: number;
  /** Bytes of it that a broken download asked for twice. */
  resentBytes: number;
}

export function feedCases(place: Place, folder: string, figures: Partial<Figures>): Attack[] {
  const { relay, offer } = place;
  return [
    {
      attack: 'a good release',
      async run() {
        const { manifest } = await offer('1.1.0', { bytes: 8 * MB });
        const row = await aMachine(place, folder);
        const started = performance.now();
        await row.machine.updater?.check();
        await installs(row, '1.1.0');
        figures.goodMs = Math.round(performance.now() - started);
        figures.packageBytes = manifest.packages[0]?.size ?? 0;
        must(row.machine.installs[0]?.bytes.length === figures.packageBytes, 'other bytes were installed');
        return `installed, ${figures.packageBytes / MB} MB in ${figures.goodMs} ms`;
      },
    },
    {
      attack: 'a tampered file',
      async run() {
        await offer('1.2.0');
        const row = await aMachine(place, folder);
        relay.change = (name, bytes) => (name.endsWith('.deb') ? flip(bytes) : bytes);
        await row.machine.updater?.check();
        await reaches(row, 'failed');
        must(/not what was signed/.test(row.machine.status.problem ?? ''), row.machine.status.problem ?? '');
        must(row.machine.installs.length === 0, 'it was installed');
        return row.machine.status.problem ?? '';
      },
    },
    {
      attack: 'a file that goes on without end',
      async run() {
        await offer('1.2.1', { bytes: MB });
        const row = await aMachine(place, folder);
        relay.change = (name, bytes) => (name.endsWith('.deb') ? Buffer.concat([bytes, Buffer.alloc(5 * MB)]) : bytes);
        await row.machine.updater?.check();
        await reaches(row, 'failed');
        return row.machine.status.problem ?? '';
      },
    },
    {
      attack: 'a tampered manifest',
      async run() {
        await offer('1.3.0');
        const row = await aMachine(place, folder);
        relay.change = (name, bytes) =>
          name.endsWith('.json') ? Buffer.from(bytes.toString().replace('1.3.0', '9.3.0')) : bytes;
        return refuses(row, place, /signature does not fit/);
      },
    },
    {
      attack: 'a tampered feed file of electron-builder',
      async run() {
        await offer('1.4.0');
        const row = await aMachine(place, folder);
        relay.change = (name, bytes) =>
          name.endsWith('.yml')
            ? Buffer.from(
                bytes
                  .toString()
                  .replace('1.4.0.deb', '6.6.6.deb')
                  .replace(/sha512: ./, 'sha512: x'),
              )
            : bytes;
        return refuses(row, place, /latest-linux.yml does not fit/);
      },
    },
    {
      attack: 'a manifest of another publisher',
      async run() {
        await offer('1.5.0');
        const row = await aMachine(place, folder, { keys: [newPublisher().publicKey] });
        return refuses(row, place, /does not know/);
      },
    },
    {
      attack: 'an expired manifest',
      async run() {
        await offer('1.6.0', { expiresAt: new Date(Date.now() + 10 * DAY) });
        const row = await aMachine(place, folder);
        row.clock.jump(10 * DAY + HOUR);
        return refuses(row, place, /ended on/);
      },
    },
    {
      attack: 'a downgrade',
      async run() {
        await offer('0.9.0');
        return refuses(await aMachine(place, folder), place, /older than the installed/);
      },
    },
    {
      attack: 'an older manifest, played back',
      async run() {
        const old = envelopeText(await offer('1.7.0', { signedAt: new Date(Date.now() - DAY) }));
        await offer('1.8.0', { stagedPercent: 0 });
        const row = await aMachine(place, folder);
        await row.machine.updater?.check();
        must(row.machine.status.state === 'none', `1.8.0 is for nobody yet: ${row.machine.status.state}`);
        relay.change = (name, bytes) => (name.endsWith('.json') ? Buffer.from(old) : bytes);
        const first = await refuses(row, place, /seen before/);
        await row.machine.boot();
        await refuses(row, place, /seen before/);
        return `${first}; also after a restart`;
      },
    },
    {
      attack: "another channel's manifest under this one's name",
      async run() {
        const beta = envelopeText(await offer('1.9.0', { channel: 'beta' }));
        await offer('1.9.1');
        const row = await aMachine(place, folder);
        relay.change = (name, bytes) => (name.endsWith('.json') ? Buffer.from(beta) : bytes);
        return refuses(row, place, /for the channel beta/);
      },
    },
    {
      attack: 'staged: a machine that is not among the first',
      async run() {
        await offer('1.10.0', { stagedPercent: 30 });
        const row = await aMachine(place, folder, { machineId: await machineAt('1.10.0', (stage) => stage >= 30) });
        const told = await row.machine.updater?.check();
        must(told?.state === 'none' && row.machine.installs.length === 0, `${told?.state}`);
        return 'nothing is offered to it';
      },
    },
    {
      attack: 'staged: a machine that is',
      async run() {
        const row = await aMachine(place, folder, { machineId: await machineAt('1.10.0', (stage) => stage < 30) });
        await row.machine.updater?.check();
        await installs(row, '1.10.0');
        return 'installed';
      },
    },
    {
      attack: 'a download that breaks off, three times',
      async run() {
        const { manifest } = await offer('1.11.0', { bytes: 8 * MB });
        const size = manifest.packages[0]?.size ?? 0;
        const row = await aMachine(place, folder);
        let broken = 0;
        relay.sentBytes = 0;
        relay.breakAfter = (name) => (name.endsWith('.deb') && broken++ < 3 ? 2 * MB - 5 : null);
        await row.machine.updater?.check();
        await installs(row, '1.11.0');
        const asked = relay.requests.filter((name) => name.includes('.deb'));
        must(asked.length === 4 && asked.slice(1).every((name) => / from [1-9]/.test(name)), asked.join('; '));
        figures.resentBytes = relay.sentBytes - size;
        must(figures.resentBytes < MB, `${figures.resentBytes} bytes were sent again`);
        return `goes on from ${asked
          .slice(1)
          .map((name) => name.split(' from ')[1])
          .join(', ')}; ${figures.resentBytes} bytes sent again`;
      },
    },
    {
      attack: 'a disk without room for it',
      async run() {
        await offer('1.12.0', { bytes: 3 * MB });
        const disk = path.join(folder, `disk-${place.name.replaceAll(' ', '-')}`);
        const small = await mountSmallDisk(disk, 20);
        if (!small) return `not tried: ${NO_SMALL_DISK}`;
        try {
          const row = await aMachine(place, folder, { folder: path.join(disk, 'updates') });
          await row.machine.updater?.check();
          await reaches(row, 'failed');
          const problem = row.machine.status.problem ?? '';
          must(/does not fit on the disk: \d+ MB more must be free/.test(problem), problem);
          const left = await readdir(path.join(disk, 'updates', 'loaded'));
          must(left.length === 0, `${left.join()} was left there`);
          await row.machine.updater?.stop();
          return problem;
        } finally {
          small.unmount();
        }
      },
    },
  ];
}

/** Which machine stands at such a place in the row for a version. */
async function machineAt(version: string, fits: (stage: number) => boolean): Promise<string> {
  for (let n = 0; ; n++) if (fits(await stageOf(`machine-${n}`, version))) return `machine-${n}`;
}
