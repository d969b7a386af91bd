/** Windows: the battery over CIM, the last input over `quser`. What a service may not see stays unknown. */
import type { Facts } from '../rules.ts';
import { PROGRAM_MS, type Collector } from './collector.ts';
import type { Ask } from './program.ts';

/** PowerShell takes half a second of processor time to start. */
const POWERSHELL_MS = 5 * PROGRAM_MS;
const BATTERY =
  'Get-CimInstance Win32_Battery | Select-Object BatteryStatus,EstimatedChargeRemaining | ConvertTo-Json -Compress';

export function windowsCollectors(ask: Ask): Collector[] {
  return [
    {
      tells: ['onBattery', 'batteryPercent'],
      everyMs: POWERSHELL_MS,
      collect: async () =>
        readBattery(await ask('powershell.exe', '-NoProfile', '-NonInteractive', '-Command', BATTERY)),
    },
    {
      tells: ['lastInputAt'],
      everyMs: PROGRAM_MS,
      collect: async (now) => ({ lastInputAt: readSessions(await ask('quser.exe'), now) }),
    },
  ];
}

/** One object or a list of them; nothing at all where the machine has no battery. BatteryStatus 1, 4 and 5: discharging, low, critical. */
export function readBattery(text: string | null): Pick<Facts, 'onBattery' | 'batteryPercent'> {
  if (text === null) return { onBattery: null, batteryPercent: null };
  if (text.trim() === '') return { onBattery: false, batteryPercent: null };
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    return { onBattery: null, batteryPercent: null };
  }
  const [first] = (Array.isArray(found) ? found : [found]) as {
    BatteryStatus?: unknown;
    EstimatedChargeRemaining?: unknown;
  }[];
  const { BatteryStatus: status, EstimatedChargeRemaining: percent } = first ?? {};
  return {
    onBattery: typeof status === 'number' ? [1, 4, 5].includes(status) : null,
    batteryPercent: typeof percent === 'number' ? Math.min(100, percent) : null,
  };
}

/**
 * Its columns are translated, their order is not: user, session, id, state, idle, logon. Idle is minutes, `1:05`, `2+03:04`, or a dot or
 * word for less than a minute. Of several sessions at a screen the busiest counts; disconnected ones have no session name.
 */
export function readSessions(text: string | null, now: number): number | null {
  const idle = (text ?? '')
    .split(/\r?\n/)
    .slice(1)
    .flatMap((line) => {
      const columns = line
        .replace(/^>/, ' ')
        .trim()
        .split(/\s{2,}/);
      const [, session, id, , since] = columns;
      if (columns.length < 6 || session === undefined || !/^\d+$/.test(id ?? '') || since === undefined) return [];
      return [idleMinutes(since)];
    });
  return idle.length === 0 ? null : now - Math.min(...idle) * 60_000;
}

function idleMinutes(text: string): number {
  const [, days = '0', hours = '0', minutes] = /^(?:(\d+)\+)?(?:(\d+):)?(\d+)$/.exec(text) ?? [];
  return minutes === undefined ? 0 : (Number(days) * 24 + Number(hours)) * 60 + Number(minutes);
}
