import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { AgentFlags } from '../../../src-main/agent/config.ts';
import { parseHours } from '../../../src-main/agent/manners/hours-text.ts';
import { mannersFile, readManners, writeManners } from '../../../src-main/agent/manners/settings.ts';
import { NO_MANNERS, POLITE_MANNERS, WEEKDAYS } from '../../../shared/protocol/desktop/manners.ts';
import { tempFolder } from '../../support/folders.ts';
import { agentConfig } from '../support.ts';

const BERLIN = 'Europe/Berlin';

test.each([
  ['mon-fri 9:00-18:00 Europe/Berlin', [{ days: WEEKDAYS.slice(0, 5), from: '09:00', to: '18:00' }], []],
  ['MON-fri 9-18', [{ days: WEEKDAYS.slice(0, 5), from: '09:00', to: '18:00' }], []],
  ['daily 0-24', [{ days: [...WEEKDAYS], from: '00:00', to: '24:00' }], []],
  ['fri-mon 22:00-2:30', [{ days: ['fri', 'sat', 'sun', 'mon'], from: '22:00', to: '02:30' }], []],
  [
    'mon,wed 9-12 13-17; 2026-12-24 off; 2026-12-31 9-12 Europe/Berlin',
    [
      { days: ['mon', 'wed'], from: '09:00', to: '12:00' },
      { days: ['mon', 'wed'], from: '13:00', to: '17:00' },
    ],
    [
      { date: '2026-12-24', spans: [] },
      { date: '2026-12-31', spans: [{ from: '09:00', to: '12:00' }] },
    ],
  ],
])('hours as people type them: %s', (text, week, exceptions) => {
  expect(parseHours(text, BERLIN)).toEqual({ timeZone: BERLIN, week, exceptions });
});

test('a zone may be named or is the own one, and always is no schedule', () => {
  expect(parseHours('mon 9-18 America/New_York', BERLIN)?.timeZone).toBe('America/New_York');
  expect(parseHours('mon 9-18 UTC', BERLIN)?.timeZone).toBe('UTC');
  expect(parseHours(' always ', BERLIN)).toBeNull();
});

test.each([
  ['mon-fri', 'must be days and times'],
  ['', 'must be days and times'],
  ['mon 9', 'not understood: "mon 9"'],
  ['mon 9-18; noday 9-12', 'days are mon, tue, wed, thu, fri, sat, sun or daily: "noday 9-12"'],
  ['mon-tue-wed 9-12', 'or daily'],
  ['mon 25-26', 'must be a time of day from 00:00'],
  ['mon 9:75-10', 'must be a time of day'],
  ['2027-02-29 9-12', 'must be a day that exists'],
  ['mon 9-18 Mars/Olympus', 'Mars/Olympus is no time zone'],
])('hours that cannot be meant are refused with what is wrong: %s', (text, message) => {
  expect(() => parseHours(text, BERLIN)).toThrow(message);
});

const read = (folder: string, flags: AgentFlags = {}) => readManners(folder, agentConfig(flags).manners);

test('without a file and without flags a machine has no manners', () => {
  expect(read(tempFolder())).toEqual(NO_MANNERS);
});

test('what is written is read again, and flags stand over it, each by itself', async () => {
  const folder = tempFolder();
  await writeManners(folder, POLITE_MANNERS);
  expect(JSON.parse(readFileSync(mannersFile(folder), 'utf8'))).toMatchObject({
    version: 1,
    battery: { mode: 'pause' },
  });
  expect(read(folder)).toEqual(POLITE_MANNERS);
  const flags = {
    hours: 'sat 10-14 UTC',
    pauseOnBattery: '30',
    pauseWhenUsed: '0',
    pauseAboveLoad: '75',
    whenPaused: 'giveBack',
  };
  expect(read(folder, flags)).toEqual({
    ...POLITE_MANNERS,
    hours: { timeZone: 'UTC', week: [{ days: ['sat'], from: '10:00', to: '14:00' }], exceptions: [] },
    battery: { mode: 'pause', belowPercent: 30 },
    userActive: { ...POLITE_MANNERS.userActive, mode: 'off' },
    foreignLoad: { mode: 'pause', abovePercent: 75 },
    whenPaused: 'giveBack',
  });
  const rest = {
    pauseOnBattery: true,
    pauseOnMetered: true,
    pauseWhenUsed: '2.5',
    pauseWhenHot: true,
    cpuPriority: 'lowest',
  };
  expect(read(tempFolder(), rest)).toMatchObject({
    battery: { mode: 'pause', belowPercent: null },
    metered: { mode: 'pause' },
    userActive: { mode: 'pause', idleSeconds: 150 },
    thermal: { mode: 'pause', from: 'serious' },
    cpuPriority: 'lowest',
  });
});

test.each<[AgentFlags, string]>([
  [{ hours: 'never' }, '--hours: must be days and times'],
  [{ pauseOnBattery: '120' }, '--pause-on-battery: must be true, false, or percent from 1 to 100'],
  [{ pauseOnBattery: 'low' }, '--pause-on-battery: must be true, false, or percent from 1 to 100'],
  [{ pauseWhenUsed: 'soon' }, '--pause-when-used: '],
  [{ pauseAboveLoad: '3' }, '--pause-above-load: must be 0, or percent from 5 to 100'],
  [{ cpuPriority: 'high' }, '--cpu-priority: '],
  [{ whenPaused: 'stop' }, '--when-paused: '],
])('a flag that cannot be meant is named: %j', (flags, message) => {
  expect(() => agentConfig(flags)).toThrow(message);
});

test.each([
  ['{', 'is not JSON'],
  ['[]', 'the file: '],
  ['{"version":2}', 'version: must be 1: it was written by another version of Playfleet'],
  ['{"version":1,"batery":{}}', 'batery'],
  [
    '{"version":1,"hours":{"timeZone":"Mars/Olympus","week":[]}}',
    'hours.timeZone: must be a time zone by its IANA name',
  ],
  [
    '{"version":1,"hours":{"timeZone":"UTC","week":[{"days":[],"from":"9:00","to":"18:00"}]}}',
    'hours.week.0.days: must name a day',
  ],
  ['{"version":1,"userActive":{"mode":"pause","idleSeconds":1}}', 'userActive.idleSeconds: '],
])('a settings file that cannot be meant is refused with file, field and mend: %s', (text, message) => {
  const folder = tempFolder();
  writeFileSync(path.join(folder, 'manners.json'), text);
  expect(() => read(folder)).toThrow(message);
  expect(() => read(folder)).toThrow(`${mannersFile(folder)}`);
  expect(() => read(folder)).toThrow('Mend it, or remove it to begin anew');
});
