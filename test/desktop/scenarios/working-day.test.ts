import { expect, test, vi } from 'vitest';
import type { Manners } from '../../../shared/protocol/desktop/manners.ts';
import { setUp, startApp, type TestApp } from '../app.ts';
import { gatedSuite, launch, readRun } from '../gate.ts';

// Real programs are started and ended many times, on machines that may be busy.
vi.setConfig({ testTimeout: 600_000 });

/** A zone in which it is this hour now: the day goes on by travelling, so that real programs with real clocks can live through it. */
function zoneWhere(hour: number): string {
  const offset = ((hour - new Date().getUTCHours() + 36) % 24) - 12;
  // Signs of these zones are the other way round.
  return offset === 0 ? 'Etc/GMT' : `Etc/GMT${offset > 0 ? '-' : '+'}${Math.abs(offset)}`;
}

const dayAt = (hour: number): Manners => ({
  version: 1,
  hours: {
    timeZone: zoneWhere(hour),
    week: [{ days: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'], from: '08:00', to: '18:00' }],
    exceptions: [],
  },
  battery: { mode: 'pause', belowPercent: null },
  metered: { mode: 'off' },
  userActive: { mode: 'fewer', idleSeconds: 60, notWhileLocked: true },
  foreignLoad: { mode: 'off', abovePercent: 60 },
  thermal: { mode: 'pause', from: 'serious' },
  fullScreen: { mode: 'off' },
  fewer: { slots: 1, cpuPriority: 'low' },
  cpuPriority: 'low',
  whenPaused: 'finish',
});

const why = (app: TestApp) => app.state.agent.status?.why.map(({ reason }) => reason);

test('a working day: morning, lunch on battery, a hot meeting, somebody at the keyboard, evening', async () => {
  const app = await startApp();
  await setUp(app, null, 2);
  await app.until(({ agent }) => agent.status?.state === 'idle');

  await app.ask('setManners', dayAt(6));
  await app.until(({ agent }) => agent.status?.state === 'paused');
  expect(why(app)).toEqual(['outsideHours']);
  expect(app.electron.tray.tooltip).toMatch(/^Playfleet · Paused · outside the hours that you set, until /);
  const gate = await gatedSuite(2);
  const run = await launch(app, gate.suite);

  await app.ask('setManners', dayAt(9));
  const morning = await app.until(({ agent }) => agent.status?.state === 'busy' && agent.status.tests.length > 0);
  expect(morning.agent.status?.slots.lent).toBe(2);
  expect(app.electron.menu.join('\n')).toContain('waits at gate');

  app.electron.onBattery = true;
  await app.until(() => why(app)?.includes('battery'));
  // What runs is finished, the rest goes back: that is what this owner wants.
  expect(app.state.agent.status?.slots).toMatchObject({ lent: 0 });
  gate.open();
  await app.until(({ agent }) => agent.status?.state === 'paused' && agent.status.slots.busy === 0);
  expect(app.electron.tray.tooltip).toContain('runs on battery');
  app.electron.onBattery = false;
  await expect.poll(async () => (await readRun(app, run)).status, { timeout: 170_000 }).toBe('completed');
  await app.until(({ agent }) => agent.status?.state === 'idle');

  app.electron.thermal = 'serious';
  await app.until(() => why(app)?.[0] === 'thermal');
  app.electron.thermal = 'nominal';
  await app.until(({ agent }) => agent.status?.state === 'idle');

  app.electron.idleSeconds = 0;
  app.electron.idleState = 'active';
  await app.until(({ agent }) => agent.status?.slots.lent === 1);
  expect(why(app)).toEqual(['userActive']);
  expect(app.electron.menu).toContain('Lends less: you are using the computer');
  app.electron.idleSeconds = 600;
  await app.until(({ agent }) => agent.status?.slots.lent === 2);

  app.electron.choose('Pause for 1 hour');
  await app.until(() => why(app)?.[0] === 'owner');
  expect(app.electron.tray.tooltip).toMatch(/you paused it, until (\w+day, )?\d\d:\d\d$/);
  app.electron.choose('Resume');
  await app.until(({ agent }) => agent.status?.state === 'idle');

  await app.ask('setManners', dayAt(19));
  await app.until(({ agent }) => agent.status?.state === 'paused');
  expect(app.electron.notifications).toEqual([]);
});

test('sleep hands unfinished tests back before the machine is gone, and waking takes work again', async () => {
  const app = await startApp();
  await setUp(app, null, 1);
  const gate = await gatedSuite(1);
  const run = await launch(app, gate.suite);
  await app.until(({ agent }) => agent.status?.tests.length);
  app.electron.power.emit('suspend');
  await app.until(({ agent }) => agent.status?.slots.busy === 0 && agent.status.state === 'paused');
  expect(why(app)).toContain('suspending');
  // Nothing runs any more as soon as its processes are gone; the coordinator hears of it a moment later.
  const tasks = async () => (await app.api<{ items: { status: string }[] }>('GET', `/test-runs/${run}/tasks`)).items;
  await expect.poll(async () => (await tasks()).map(({ status }) => status), { timeout: 60_000 }).toContain('pending');
  gate.open();
  app.electron.power.emit('resume');
  await expect.poll(async () => (await readRun(app, run)).status, { timeout: 170_000 }).toBe('completed');
});
