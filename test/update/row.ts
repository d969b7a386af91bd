/** One machine for each row, and how rows wait for what it says. */
import { mkdtemp } from 'node:fs/promises';
import path from 'node:path';
import type { UpdateStatus } from '../../shared/protocol/update.ts';
import { must } from '../hostile/attack.ts';
import { JumpClock } from '../support/jump-clock.ts';
import { UpdatedMachine, type MachineOptions } from '../support/updated-machine.ts';
import type { Place } from './places.ts';

export interface Row {
  machine: UpdatedMachine;
  clock: JumpClock;
}

const machines: UpdatedMachine[] = [];

/** At the end of all rows. */
export async function stopMachines(): Promise<void> {
  for (const { updater } of machines) await updater?.stop();
}

/** A fresh machine with version 1.0.0 that follows a place; started. */
export async function aMachine(place: Place, folder: string, more: Partial<MachineOptions> = {}): Promise<Row> {
  const clock = new JumpClock();
  const own = await mkdtemp(path.join(folder, 'machine-'));
  const machine = new UpdatedMachine({
    folder: path.join(own, 'updates'),
    keys: [place.publisher.publicKey],
    source: place.source,
    clock,
    ...more,
  });
  machines.push(machine);
  await machine.boot();
  place.relay.change = (_name, bytes) => bytes;
  place.relay.breakAfter = () => null;
  place.relay.requests.length = 0;
  return { machine, clock };
}

const PATIENCE_MS = 30_000;

/** Resolves when it holds; throws with what was there instead. */
export async function until(
  holds: () => boolean,
  what: string,
  seen: () => string,
  patienceMs = PATIENCE_MS,
): Promise<void> {
  const end = performance.now() + patienceMs;
  while (!holds()) {
    must(performance.now() < end, `${what} did not come: ${seen()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export const installs = ({ machine }: Row, version: string): Promise<void> =>
  until(
    () => machine.installed === version,
    `the installation of ${version}`,
    () => JSON.stringify(machine.updater?.status),
  );

export const reaches = ({ machine }: Row, state: UpdateStatus['state']): Promise<void> =>
  until(
    () => machine.status.state === state,
    state,
    () => JSON.stringify(machine.updater?.status),
  );

/** Looks into the feed, and throws unless that was refused for such a reason and nothing was loaded or installed. Resolves to the reason. */
export async function refuses({ machine }: Row, place: Place, why: RegExp): Promise<string> {
  const told = await machine.updater?.check();
  must(told?.state === 'refused', `it was not refused: ${JSON.stringify(told)}`);
  must(why.test(told?.problem ?? ''), `it was refused for another reason: ${told?.problem ?? ''}`);
  const loaded = place.relay.requests.filter((name) => /\.(deb|AppImage)/.test(name));
  must(loaded.length === 0, `${loaded.join()} was loaded all the same`);
  must(machine.installs.length === 0, 'something was installed');
  return told?.problem ?? '';
}
