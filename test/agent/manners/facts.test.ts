/** What systems print and show, as it was seen on them, and what is made of it. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { Watch, factsOf, type Collector } from '../../../src-main/agent/manners/facts/collector.ts';
import {
  foreignLoadCollector,
  foreignPercent,
  readCpuLine,
} from '../../../src-main/agent/manners/facts/foreign-load.ts';
import * as linux from '../../../src-main/agent/manners/facts/linux.ts';
import * as macos from '../../../src-main/agent/manners/facts/macos.ts';
import { askerIn } from '../../../src-main/agent/manners/facts/program.ts';
import * as windows from '../../../src-main/agent/manners/facts/windows.ts';
import type { Facts } from '../../../src-main/agent/manners/rules.ts';
import { systemClock } from '../../../shared/base/clock.ts';
import { NO_MANNERS, POLITE_MANNERS } from '../../../shared/protocol/desktop/manners.ts';
import { tempFolder, writeFiles } from '../../support/folders.ts';
import { captureLog } from '../support.ts';
import { TestClock } from './test-clock.ts';

const NOW = Date.parse('2026-11-23T11:00:00Z');

test('Linux: on battery is a battery of the machine that drains, with no plug that gives', () => {
  const mouse = { type: 'Battery', scope: 'Device', status: 'Discharging', capacity: '55' };
  const battery = { type: 'Battery', status: 'Discharging', capacity: '87' };
  const plug = { type: 'Mains', online: '0' };
  expect(linux.readPower([])).toEqual({ onBattery: null, batteryPercent: null });
  expect(linux.readPower([mouse, plug])).toEqual({ onBattery: false, batteryPercent: null });
  expect(linux.readPower([battery, plug, mouse])).toEqual({ onBattery: true, batteryPercent: 87 });
  // It drains for a moment although it is plugged in, as under full load.
  expect(linux.readPower([battery, { ...plug, online: '1' }])).toEqual({ onBattery: false, batteryPercent: 87 });
  expect(linux.readPower([battery, { ...battery, status: 'Unknown', capacity: '13' }])).toEqual({
    onBattery: true,
    batteryPercent: 50,
  });
});

test('Linux: a zone is as hot as its own limits say, and one without limits says nothing', () => {
  const zone = (temp: number, trips: [string, number][]): linux.Device =>
    Object.fromEntries([
      ['temp', String(temp)],
      ...trips.flatMap(([type, at], i) => [
        [`trip_point_${i}_type`, type],
        [`trip_point_${i}_temp`, String(at)],
      ]),
    ]) as linux.Device;
  const cpu = (temp: number) =>
    zone(temp, [
      ['critical', 105_000],
      ['passive', 95_000],
      ['active', 60_000],
    ]);
  expect(linux.readHeat([])).toBeNull();
  expect(linux.readHeat([zone(99_000, []), zone(-5, [['critical', 100_000]])])).toBeNull();
  expect(linux.readHeat([cpu(70_000)])).toBe('nominal');
  expect(linux.readHeat([cpu(86_000), cpu(30_000)])).toBe('fair');
  expect(linux.readHeat([cpu(95_000)])).toBe('serious');
  expect(linux.readHeat([cpu(50_000), cpu(101_000)])).toBe('critical');
  // Trip points that are switched off are told as nothing or as absolute zero.
  expect(
    linux.readHeat([
      zone(50_000, [
        ['passive', -274_000],
        ['critical', 119_000],
      ]),
    ]),
  ).toBe('nominal');
});

test('Linux: sysfs is read as it lies there', async () => {
  const root = tempFolder();
  mkdirSync(path.join(root, 'power_supply'), { recursive: true });
  writeFiles(path.join(root, 'power_supply'), {
    'AC/type': 'Mains\n',
    'AC/online': '0\n',
    'BAT0/type': 'Battery\n',
    'BAT0/status': 'Discharging\n',
    'BAT0/capacity': '41\n',
  });
  writeFiles(path.join(root, 'thermal'), {
    'thermal_zone0/temp': '97000\n',
    'thermal_zone0/trip_point_0_type': 'passive\n',
    'thermal_zone0/trip_point_0_temp': '95000\n',
  });
  const collectors = linux.linuxCollectors(async () => null, root);
  const all = await Promise.all(collectors.map(({ collect }) => collect(NOW)));
  expect(Object.assign({}, ...all)).toEqual({
    onBattery: true,
    batteryPercent: 41,
    thermal: 'serious',
    metered: null,
    lastInputAt: null,
    locked: null,
  });
});

test('Linux: the network and the session at the screen', () => {
  expect(['u 1\n', 'u 3\n', 'u 2\n', 'u 4\n', 'u 0\n', 'nonsense', null].map(linux.readMetered)).toEqual([
    true,
    true,
    false,
    false,
    null,
    null,
    null,
  ]);
  const session = (idle: string, since: number, locked: string): string =>
    `IdleHint=${idle}\nIdleSinceHint=${since}\nLockedHint=${locked}\n`;
  expect(linux.readSession(session('no', 0, 'no'), NOW)).toEqual({ lastInputAt: NOW, locked: false });
  expect(linux.readSession(session('yes', (NOW - 600_000) * 1000, 'yes'), NOW)).toEqual({
    lastInputAt: NOW - 600_000,
    locked: true,
  });
  expect(linux.readSession(null, NOW)).toEqual({ lastInputAt: null, locked: null });
});

test('Linux: it asks for the session at the screen, and for nothing where nobody sits there', async () => {
  const asked: string[] = [];
  const answers: Record<string, string> = {
    'show-seat': 'ActiveSession=3\n',
    'show-session': 'IdleHint=no\nLockedHint=no\n',
  };
  const collectors = linux.linuxCollectors(async (program, verb = '', what = '') => {
    asked.push(`${program} ${verb} ${what}`);
    return answers[verb] ?? null;
  });
  const session = collectors.find(({ tells }) => tells.includes('lastInputAt'));
  expect(await session?.collect(NOW)).toEqual({ lastInputAt: NOW, locked: false });
  answers['show-seat'] = 'ActiveSession=\n';
  expect(await session?.collect(NOW)).toEqual({ lastInputAt: null, locked: null });
  expect(asked).toEqual(['loginctl show-seat seat0', 'loginctl show-session 3', 'loginctl show-seat seat0']);
});

test('macOS: what pmset and ioreg print', () => {
  const battery = (source: string, rest: string): string =>
    `Now drawing from '${source}'\n -InternalBattery-0 (id=22872163)\t${rest} present: true\n`;
  expect(macos.readPower(battery('Battery Power', '87%; discharging; 4:02 remaining'))).toEqual({
    onBattery: true,
    batteryPercent: 87,
  });
  expect(macos.readPower(battery('AC Power', '100%; charged; 0:00 remaining'))).toEqual({
    onBattery: false,
    batteryPercent: 100,
  });
  expect(macos.readPower("Now drawing from 'AC Power'\n")).toEqual({ onBattery: false, batteryPercent: null });
  expect(macos.readPower(null)).toEqual({ onBattery: null, batteryPercent: null });
  const heat = (limit: number): string =>
    `Note: No thermal warning level has been recorded\n2026-11-23 CPU Power notify\n\tCPU_Scheduler_Limit \t= 100\n\tCPU_Available_CPUs \t= 8\n\tCPU_Speed_Limit \t= ${limit}\n`;
  expect([100, 95, 70, 30].map((limit) => macos.readHeat(heat(limit)))).toEqual([
    'nominal',
    'fair',
    'serious',
    'critical',
  ]);
  expect(macos.readHeat('Note: No thermal warning level has been recorded\n')).toBe('nominal');
  expect(macos.readHeat(null)).toBeNull();
  const idle = '  +-o IOHIDSystem  <class IOHIDSystem>\n    |   "HIDIdleTime" = 5034020958\n';
  expect(macos.readIdle(idle, NOW)).toBe(NOW - 5034);
  expect(macos.readIdle('', NOW)).toBeNull();
  const users = '"IOConsoleUsers" = ({"kCGSSessionUserNameKey"="ada"})';
  expect(macos.readLocked(users)).toBe(false);
  expect(macos.readLocked(users.replace('({', '({"CGSSessionScreenIsLocked"=Yes,'))).toBe(true);
  expect(macos.readLocked(null)).toBeNull();
});

test('Windows: what PowerShell and quser print, in any language', () => {
  expect(windows.readBattery('{"BatteryStatus":1,"EstimatedChargeRemaining":64}\r\n')).toEqual({
    onBattery: true,
    batteryPercent: 64,
  });
  expect(windows.readBattery('[{"BatteryStatus":2,"EstimatedChargeRemaining":101},{"BatteryStatus":2}]')).toEqual({
    onBattery: false,
    batteryPercent: 100,
  });
  expect(windows.readBattery('\r\n')).toEqual({ onBattery: false, batteryPercent: null });
  expect(windows.readBattery('<xml>')).toEqual({ onBattery: null, batteryPercent: null });
  expect(windows.readBattery(null)).toEqual({ onBattery: null, batteryPercent: null });
  const english = ` USERNAME              SESSIONNAME        ID  STATE   IDLE TIME  LOGON TIME\r
>ada                   console             1  Active      1:05  11/23/2026 8:12 AM\r
 bob                                       2  Disc        2+03:04  11/20/2026 9:00 AM\r
`;
  expect(windows.readSessions(english, NOW)).toBe(NOW - 65 * 60_000);
  const german = ` BENUTZERNAME          SITZUNGSNAME       ID  STATUS  LEERLAUF   ANMELDEZEIT\r
>ada                   console             1  Aktiv   Kein       23.11.2026 08:12\r
`;
  expect(windows.readSessions(german, NOW)).toBe(NOW);
  expect(windows.readSessions(null, NOW)).toBeNull();
});

test('load: ours is taken off, and what is not known is not guessed', () => {
  const at = (total: number, idle: number, ours: number | null) => ({ total, idle, ours });
  expect(foreignPercent(at(0, 0, 0), at(1000, 500, 300))).toBe(20);
  expect(foreignPercent(at(0, 0, 0), at(1000, 500, 600))).toBe(0);
  expect(foreignPercent(null, at(1000, 500, 0))).toBeNull();
  expect(foreignPercent(at(0, 0, 0), at(1000, 500, null))).toBeNull();
  expect(foreignPercent(at(5, 0, 0), at(5, 0, 0))).toBeNull();
  expect(readCpuLine('cpu  10 20 30 400 50 6 7 8 9 10\ncpu0 1 2 3 4\n')).toEqual({ total: 5310, idle: 4500 });
});

test.runIf(process.platform === 'linux')('load: what this very process burns is not foreign', async () => {
  for (const runs of [false, true]) {
    const { collect } = foreignLoadCollector(() => runs);
    expect(await collect(0)).toEqual({ foreignPercent: null });
    const until = performance.now() + 400;
    while (performance.now() < until);
    const { foreignPercent: foreign } = await collect(0);
    expect(foreign).toBeGreaterThanOrEqual(0);
    // Alone it would be a whole core of this machine; others may be busy too.
    expect(foreign).toBeLessThanOrEqual(100);
  }
});

test('a program that is missing, fails or hangs tells nothing, and one that is missing is looked for once', async () => {
  const { PATH } = process.env;
  const ask = askerIn({ PATH }, systemClock);
  expect(await ask('no-such-program-anywhere')).toBeNull();
  expect(await ask('no-such-program-anywhere')).toBeNull();
  expect(await ask(process.execPath, '-e', 'process.exit(3)')).toBeNull();
  expect(await ask(process.execPath, '-e', 'console.log(process.env.LC_ALL)')).toBe('C\n');
});

test('only what a rule in force goes by is looked at', () => {
  expect([...factsOf(NO_MANNERS)]).toEqual([]);
  expect([...factsOf({ ...NO_MANNERS, battery: { mode: 'pause', belowPercent: null } })]).toEqual([
    'onBattery',
    'batteryPercent',
  ]);
  expect(factsOf(POLITE_MANNERS).size).toBe(8);
});

test('collectors are asked in their own rhythm, at once when they are wanted, and never when they are not', async () => {
  const clock = new TestClock(NOW);
  const asked: string[] = [];
  const learned: Partial<Facts>[] = [];
  const collector = (fact: keyof Facts, everyMs: number, value: unknown): Collector => ({
    tells: [fact],
    everyMs,
    collect: async () => {
      asked.push(`${fact} ${clock.monotonic()}`);
      if (value instanceof Error) throw value;
      return { [fact]: value };
    },
  });
  const watch = new Watch({
    collectors: [
      collector('onBattery', 10, true),
      collector('metered', 60, false),
      collector('thermal', 10, new Error('odd')),
    ],
    clock,
    log: captureLog().log,
    onFacts: (facts) => learned.push(facts),
  });
  await clock.pass(100);
  expect(asked).toEqual([]);
  watch.want(new Set(['onBattery']));
  await clock.pass(25);
  expect(asked).toEqual(['onBattery 100', 'onBattery 110', 'onBattery 120']);
  asked.length = 0;
  watch.want(new Set(['metered', 'thermal']));
  expect(learned.at(-1)).toEqual({ onBattery: null });
  await clock.pass(20);
  expect(asked).toEqual(['thermal 125', 'metered 125', 'thermal 130', 'thermal 140']);
  expect(learned.at(-1)).toEqual({ thermal: null });
  watch.close();
  asked.length = 0;
  await clock.pass(500);
  expect(asked).toEqual([]);
});
