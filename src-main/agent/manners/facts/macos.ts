/** macOS: `pmset` for power and heat, `ioreg` for the last input and the lock. */
import type { ThermalState } from '../../../../shared/protocol/desktop/manners.ts';
import type { Facts } from '../rules.ts';
import { PROGRAM_MS, type Collector } from './collector.ts';
import type { Ask } from './program.ts';

export function macCollectors(ask: Ask): Collector[] {
  return [
    {
      tells: ['onBattery', 'batteryPercent'],
      everyMs: PROGRAM_MS,
      collect: async () => readPower(await ask('pmset', '-g', 'batt')),
    },
    {
      tells: ['thermal'],
      everyMs: PROGRAM_MS,
      collect: async () => ({ thermal: readHeat(await ask('pmset', '-g', 'therm')) }),
    },
    {
      tells: ['lastInputAt', 'locked'],
      everyMs: PROGRAM_MS,
      collect: async (now) => ({
        lastInputAt: readIdle(await ask('ioreg', '-c', 'IOHIDSystem', '-d', '4'), now),
        locked: readLocked(await ask('ioreg', '-n', 'Root', '-d', '1')),
      }),
    },
  ];
}

/** `Now drawing from 'Battery Power'` and ` -InternalBattery-0 (id=…)	87%; discharging; …`. */
export function readPower(text: string | null): Pick<Facts, 'onBattery' | 'batteryPercent'> {
  const source = /^Now drawing from '([^']+)'/m.exec(text ?? '')?.[1];
  const percent = /-InternalBattery-\d+[^\n]*?(\d+)%/.exec(text ?? '')?.[1];
  return {
    onBattery: source === undefined ? null : source === 'Battery Power',
    batteryPercent: percent === undefined ? null : Number(percent),
  };
}

/** `CPU_Speed_Limit 	= 80` while the system slows its processor down; Apple silicon says only that nothing was noted. */
export function readHeat(text: string | null): ThermalState | null {
  const limit = /CPU_Speed_Limit\s*=\s*(\d+)/.exec(text ?? '')?.[1];
  if (limit === undefined) return /No thermal warning level has been recorded/.test(text ?? '') ? 'nominal' : null;
  const percent = Number(limit);
  return percent >= 100 ? 'nominal' : percent >= 90 ? 'fair' : percent >= 50 ? 'serious' : 'critical';
}

/** `"HIDIdleTime" = 5034020958`: nanoseconds since the last key or pointer. */
export function readIdle(text: string | null, now: number): number | null {
  const nanoseconds = /"HIDIdleTime"\s*=\s*(\d+)/.exec(text ?? '')?.[1];
  return nanoseconds === undefined ? null : Math.round(now - Number(nanoseconds) / 1e6);
}

/** The key is there only while the screen is locked, beside users that are always there. */
export function readLocked(text: string | null): boolean | null {
  if (!/"IOConsoleUsers"/.test(text ?? '')) return null;
  return /"CGSSessionScreenIsLocked"\s*=\s*Yes/.test(text ?? '');
}
