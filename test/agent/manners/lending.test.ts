import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { Collector } from '../../../src-main/agent/manners/facts/collector.ts';
import { Lending } from '../../../src-main/agent/manners/lending.ts';
import { OwnPause } from '../../../src-main/agent/manners/own-pause.ts';
import type { Decision, Facts } from '../../../src-main/agent/manners/rules.ts';
import { manners, type Manners } from '../../../shared/protocol/desktop/manners.ts';
import { tempFolder } from '../../support/folders.ts';
import { captureLog } from '../support.ts';
import { TestClock } from './test-clock.ts';

const MONDAY_17_59 = Date.parse('2026-11-23T16:59:00Z');
const MINUTE = 60_000;
const office = {
  hours: { timeZone: 'Europe/Berlin', week: [{ days: ['mon', 'tue'], from: '09:00', to: '18:00' }] },
};

function rig(part: object, { folder = tempFolder(), clock = new TestClock(MONDAY_17_59) } = {}) {
  const changes: Decision[] = [];
  const saved: Manners[] = [];
  const fail: { save: Error | null } = { save: null };
  const machine: Partial<Facts> = {};
  const asked: (keyof Facts)[] = [];
  const collector = (fact: keyof Facts): Collector => ({
    tells: [fact],
    everyMs: 1000,
    collect: async () => {
      asked.push(fact);
      return { [fact]: machine[fact] ?? null };
    },
  });
  const { log, lines } = captureLog();
  const lending: Lending = new Lending({
    manners: manners.parse({ version: 1, ...part }),
    save: async (settings) => {
      if (fail.save) throw fail.save;
      saved.push(settings);
    },
    ownPause: new OwnPause(folder, log),
    slots: 4,
    collectors: [collector('onBattery'), collector('lastInputAt')],
    clock,
    log,
    onChange: () => changes.push(lending.decision),
  });
  lending.open();
  return { lending, changes, saved, fail, machine, asked, clock, folder, lines };
}

test('at the border of its hours slots are taken to the millisecond, and given the next morning', async () => {
  const { lending, changes, clock } = rig(office);
  await clock.pass(MINUTE - 1);
  expect(lending.decision.slots).toBe(4);
  await clock.pass(1);
  const opens = Date.parse('2026-11-24T08:00:00Z');
  expect(changes).toMatchObject([{ slots: 0, why: [{ reason: 'outsideHours', until: opens }] }]);
  await clock.pass(15 * 60 * MINUTE - 1);
  expect(changes).toHaveLength(1);
  await clock.pass(1);
  expect(clock.now()).toBe(opens);
  expect(changes).toMatchObject([{ slots: 0 }, { slots: 4, why: [] }]);
});

test('after a wall clock was set, the hours count anew within ten minutes, or at once where it is noticed', async () => {
  const { lending, clock } = rig(office);
  clock.set(Date.parse('2026-11-23T20:00:00Z'));
  lending.look();
  expect(lending.decision.slots).toBe(0);
  clock.set(Date.parse('2026-11-24T07:59:30Z'));
  await clock.pass(10 * MINUTE);
  expect(lending.decision.slots).toBe(4);
});

test('a machine that minds nothing sets no timer and looks at nothing', async () => {
  const { clock, asked } = rig({});
  await clock.pass(60 * MINUTE);
  expect(clock.waiting).toBe(0);
  expect(asked).toEqual([]);
});

test('what the machine tells counts, until a desktop program tells it, and again when that is gone', async () => {
  const { lending, machine, asked, clock } = rig({ battery: { mode: 'pause' } });
  machine.onBattery = true;
  await clock.pass(1000);
  expect(lending.decision.slots).toBe(0);
  lending.tell({ onBattery: false });
  await clock.pass(15_000);
  expect(lending.decision.slots).toBe(4);
  const before = asked.length;
  await clock.pass(60_000);
  expect(asked.length).toBe(before);
  lending.untold();
  await clock.pass(1000);
  expect(lending.decision.slots).toBe(0);
});

test('idle seconds of a desktop program become the time of the last input; what it leaves out stays as it was', async () => {
  const { lending, clock } = rig({ userActive: { mode: 'pause', idleSeconds: 60 }, fullScreen: { mode: 'pause' } });
  lending.tell({ idleSeconds: 0, fullScreen: false });
  expect(lending.decision.why).toMatchObject([{ reason: 'userActive' }]);
  lending.tell({ fullScreen: true });
  expect(lending.decision.why.map(({ reason }) => reason)).toEqual(['fullScreen', 'userActive']);
  lending.tell({ fullScreen: false });
  await clock.pass(59_999);
  expect(lending.decision.why).toMatchObject([{ reason: 'userActive' }]);
  await clock.pass(1);
  expect(lending.decision.slots).toBe(4);
  lending.tell({ idleSeconds: null });
  expect(lending.decision.slots).toBe(4);
});

test('a clock that is set back makes an input of tomorrow one of this moment', async () => {
  const { lending, clock } = rig({ userActive: { mode: 'pause', idleSeconds: 60 } });
  lending.tell({ idleSeconds: 0 });
  clock.set(MONDAY_17_59 - 86_400_000);
  lending.look();
  await clock.pass(59_999);
  expect(lending.decision.slots).toBe(0);
  await clock.pass(1);
  expect(lending.decision.slots).toBe(4);
});

test("the owner's pause outlives a restart, ends by itself or by a word, and `tomorrow` is midnight there", async () => {
  const first = rig(office);
  await first.lending.pause('tomorrow');
  const midnight = Date.parse('2026-11-23T23:00:00Z');
  expect(first.lending.decision.why[0]).toEqual({ mode: 'pause', reason: 'owner', until: midnight });
  first.lending.close();
  const again = rig({}, { folder: first.folder });
  expect(again.lending.decision.why).toMatchObject([{ reason: 'owner', until: midnight }]);
  await again.clock.pass(midnight - MONDAY_17_59);
  expect(again.lending.decision.slots).toBe(4);
  await again.lending.pause(null);
  await again.clock.pass(1e9);
  expect(again.lending.decision.why).toMatchObject([{ reason: 'owner', until: null }]);
  await again.lending.resume();
  expect(again.lending.decision.slots).toBe(4);
  expect(rig({}, { folder: first.folder }).lending.decision.slots).toBe(4);
});

test('a pause on disk that cannot be read is told of, and pauses nothing', () => {
  const folder = tempFolder();
  writeFileSync(path.join(folder, 'own-pause.json'), '{"version":1,"until":"soon"}');
  const { lending, lines } = rig({}, { folder });
  expect(lending.decision.slots).toBe(4);
  expect(lines.join('')).toContain('a pause of before cannot be read');
});

test('new manners are kept before they count; where the disk takes nothing the old ones stay', async () => {
  const { lending, saved, fail } = rig({});
  const settings = manners.parse({ version: 1, hours: { timeZone: 'UTC', week: [] } });
  fail.save = new Error('the disk is full');
  await expect(lending.setManners(settings)).rejects.toThrow('the disk is full');
  expect(lending.decision.slots).toBe(4);
  fail.save = null;
  await lending.setManners(settings);
  expect(saved).toEqual([settings]);
  expect(lending.decision.slots).toBe(0);
});

test('a pause counts at once, and who asked for it is told where it will not outlive a restart', async () => {
  const { lending, folder } = rig({});
  rmSync(folder, { recursive: true });
  await expect(lending.pause(null)).rejects.toThrow('ENOENT');
  expect(lending.decision.slots).toBe(0);
});

test('the pause on disk is versioned', async () => {
  const { lending, folder } = rig({});
  await lending.pause(5e12);
  expect(JSON.parse(readFileSync(path.join(folder, 'own-pause.json'), 'utf8'))).toEqual({ version: 1, until: 5e12 });
});
