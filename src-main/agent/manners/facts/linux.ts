/** Linux: power and heat from sysfs, the user from logind, the network from NetworkManager. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { ThermalState } from '../../../../shared/protocol/desktop/manners.ts';
import type { Facts } from '../rules.ts';
import { FILES_MS, PROGRAM_MS, type Collector } from './collector.ts';
import type { Ask } from './program.ts';

export function linuxCollectors(ask: Ask, sysfs = '/sys/class'): Collector[] {
  return [
    {
      tells: ['onBattery', 'batteryPercent'],
      everyMs: FILES_MS,
      collect: async () => readPower(await readEach(path.join(sysfs, 'power_supply'), POWER_FILES)),
    },
    {
      tells: ['thermal'],
      everyMs: FILES_MS,
      collect: async () => ({ thermal: readHeat(await readEach(path.join(sysfs, 'thermal'), HEAT_FILES)) }),
    },
    {
      tells: ['metered'],
      everyMs: PROGRAM_MS,
      collect: async () => ({
        metered: readMetered(
          await ask(
            'busctl',
            'get-property',
            'org.freedesktop.NetworkManager',
            '/org/freedesktop/NetworkManager',
            'org.freedesktop.NetworkManager',
            'Metered',
          ),
        ),
      }),
    },
    {
      tells: ['lastInputAt', 'locked'],
      everyMs: PROGRAM_MS,
      collect: async (now) => {
        const session = readProperty(
          await ask('loginctl', 'show-seat', 'seat0', '--property=ActiveSession'),
          'ActiveSession',
        );
        if (!session) return { lastInputAt: null, locked: null };
        const properties = ['IdleHint', 'IdleSinceHint', 'LockedHint'].map((name) => `--property=${name}`);
        return readSession(await ask('loginctl', 'show-session', session, ...properties), now);
      },
    },
  ];
}

/** The files of one device of sysfs, trimmed; those that it does not have are absent. */
export type Device = Readonly<Record<string, string>>;

const POWER_FILES = ['type', 'scope', 'online', 'status', 'capacity'];
const TRIPS = Array.from({ length: 12 }, (_, i) => i);
const HEAT_FILES = ['temp', ...TRIPS.flatMap((i) => [`trip_point_${i}_type`, `trip_point_${i}_temp`])];

export function readPower(devices: readonly Device[]): Pick<Facts, 'onBattery' | 'batteryPercent'> {
  // A mouse has a battery as well.
  const batteries = devices.filter(({ type, scope }) => type === 'Battery' && scope !== 'Device');
  if (batteries.length === 0) return { onBattery: devices.length > 0 ? false : null, batteryPercent: null };
  const isPluggedIn = devices.some(({ type, online }) => type !== 'Battery' && online === '1');
  const isDraining = batteries.some(({ status }) => status === 'Discharging');
  const charges = batteries.flatMap(({ capacity }) => (capacity === undefined ? [] : [Number(capacity)]));
  const percent = charges.reduce((sum, charge) => sum + charge, 0) / charges.length;
  return { onBattery: isDraining && !isPluggedIn, batteryPercent: Number.isFinite(percent) ? percent : null };
}

/** Before the first trip point nothing is wrong; from it on the kernel itself slows the machine down. Millidegrees. */
const NEAR = 10_000;

export function readHeat(zones: readonly Device[]): ThermalState | null {
  const states: ThermalState[] = ['nominal', 'fair', 'serious', 'critical'];
  let worst = -1;
  for (const zone of zones) {
    const temperature = Number(zone['temp']);
    if (!Number.isFinite(temperature) || temperature <= 0) continue;
    const trips = TRIPS.flatMap((i) => {
      const at = Number(zone[`trip_point_${i}_temp`]);
      const type = zone[`trip_point_${i}_type`];
      return type !== undefined && Number.isFinite(at) && at > 0 ? [{ type, at }] : [];
    });
    const lowest = (...types: string[]): number =>
      Math.min(...trips.filter(({ type }) => types.includes(type)).map(({ at }) => at));
    const slowed = lowest('passive', 'hot');
    const off = lowest('critical');
    // A zone without limits has a temperature that means nothing to us.
    if (!Number.isFinite(Math.min(slowed, off))) continue;
    const state =
      temperature >= off - NEAR / 2
        ? 3
        : temperature >= slowed
          ? 2
          : temperature >= Math.min(slowed, off - NEAR) - NEAR
            ? 1
            : 0;
    worst = Math.max(worst, state);
  }
  return states[worst] ?? null;
}

/** What `busctl` prints: `u 1`; 1 and 3: metered, surely or as guessed; 2 and 4: not; 0: not known. */
export function readMetered(text: string | null): boolean | null {
  const value = Number(/^u (\d)\s*$/.exec(text ?? '')?.[1] ?? 0);
  return value === 0 ? null : value === 1 || value === 3;
}

/** What `loginctl show-session` prints. logind knows idle or not, and since when; not each input. */
export function readSession(text: string | null, now: number): Pick<Facts, 'lastInputAt' | 'locked'> {
  const lockedHint = readProperty(text, 'LockedHint');
  const locked = lockedHint === null ? null : lockedHint === 'yes';
  const idle = readProperty(text, 'IdleHint');
  const since = Number(readProperty(text, 'IdleSinceHint')) / 1000;
  if (idle === 'no') return { lastInputAt: now, locked };
  return { lastInputAt: idle === 'yes' && since > 0 ? Math.round(since) : null, locked };
}

function readProperty(text: string | null, name: string): string | null {
  return new RegExp(`^${name}=(.*)$`, 'm').exec(text ?? '')?.[1]?.trim() ?? null;
}

async function readEach(folder: string, files: readonly string[]): Promise<Device[]> {
  const names = await readdir(folder).catch(() => []);
  return Promise.all(
    names.map(async (name) => {
      const found: [string, string][] = [];
      for (const file of files) {
        // sysfs answers with an error where a device has no such value at the moment.
        const text = await readFile(path.join(folder, name, file), 'utf8').catch(() => null);
        if (text !== null) found.push([file, text.trim()]);
      }
      return Object.fromEntries(found);
    }),
  );
}
