import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { UpdateState } from '../../../shared/protocol/desktop/state.ts';
import type { Updating } from '../../../src-main/desktop/core/ports.ts';
import { startCoordinator } from '../../support/coordinator.ts';
import { tempFolder } from '../../support/folders.ts';
import { isAlive } from '../../support/is-alive.ts';
import { setUp, startApp } from '../app.ts';
import { gatedSuite, launch, readRun } from '../gate.ts';

// Real programs are started and ended many times, on machines that may be busy.
vi.setConfig({ testTimeout: 600_000 });

test('agent and coordinator that are killed are back by themselves, and the run goes on', async () => {
  const app = await startApp();
  await setUp(app, null, 1);
  const gate = await gatedSuite(1);
  const run = await launch(app, gate.suite);
  await app.until(({ agent }) => agent.status?.tests.length);
  const pids = app.desktop.pids;
  process.kill(pids.agent!, 'SIGKILL');
  await app.until(({ agent }) => agent.failures === 1);
  await app.until(({ agent }) => agent.status?.state === 'busy');
  process.kill(pids.coordinator!, 'SIGKILL');
  await app.until(({ ownCoordinator }) => ownCoordinator.failures === 1);
  await app.until(({ ownCoordinator, agent }) => ownCoordinator.state === 'running' && agent.status?.state === 'busy');
  gate.open();
  await expect.poll(async () => (await readRun(app, run)).status, { timeout: 170_000 }).toBe('completed');
});

test('a coordinator that cannot live is given up with its own words, told once, and tried again when its person says so', async () => {
  const app = await startApp();
  await setUp(app, null, 1);
  const { ownCoordinator } = await app.until(({ agent }) => agent.status?.state === 'idle');
  expect(ownCoordinator.state).toBe('running');
  await app.quit();
  const database = path.join(app.folder, 'desktop/coordinator/playfleet.db');
  rmSync(`${database}-wal`, { force: true });
  writeFileSync(database, 'this is no database at all, whatever its name says'.repeat(100));
  const again = await startApp({ folder: app.folder });
  await again.until(({ ownCoordinator: own }) => own.state === 'given_up');
  expect(again.state.ownCoordinator).toMatchObject({
    failures: 6,
    problem: expect.stringMatching(/database/i) as string,
  });
  expect(again.electron.tray.menu.map(({ label }) => label)).toContain('Try again');
  await expect.poll(() => again.electron.notifications.length).toBe(1);
  again.electron.choose('Try again');
  await again.until(({ ownCoordinator: own }) => own.state === 'waiting' || own.state === 'starting');
  expect(again.electron.notifications).toHaveLength(1);
});

test('an agent that is removed at its coordinator is given up at once: starting again does not help', async () => {
  const coordinator = await startCoordinator();
  const app = await startApp();
  await setUp(app, `${coordinator.url}#${await coordinator.joinToken()}`);
  const { items } = (await (await coordinator.request('GET', '/api/v1/workers')).json()) as { items: { id: string }[] };
  await coordinator.request('DELETE', `/api/v1/workers/${items[0]!.id}`);
  const state = await app.until(({ agent }) => agent.state === 'given_up');
  expect(state.agent.failures).toBe(1);
  expect(state.agent.problem).toBeTruthy();
  expect(app.electron.menu).toContain('Needs your attention');
  expect(app.electron.notifications).toHaveLength(1);
});

test('quit while busy: what runs is finished first, nothing new begins, then everything is gone', async () => {
  const app = await startApp();
  await setUp(app, null, 1);
  const gate = await gatedSuite(2);
  await launch(app, gate.suite);
  await app.until(({ agent }) => agent.status?.tests.length);
  const pids = app.desktop.pids;
  app.electron.choose('Quit when tests have finished');
  const state = await app.until(({ quitting }) => quitting !== null);
  expect(state.quitting).toMatchObject({ tasks: 1, until: expect.any(Number) as number });
  expect(app.electron.tray.tooltip).toContain('Finishing 1 task');
  expect(app.electron.exitCode).toBeNull();
  gate.open();
  await app.electron.exited;
  expect([isAlive(pids.agent!), isAlive(pids.coordinator!)]).toEqual([false, false]);
  expect(app.electron.tray.isDestroyed).toBe(true);
});

test('whoever cannot wait gives back what runs: the tests are pending again, and the app is gone in seconds', async () => {
  const coordinator = await startCoordinator();
  const app = await startApp();
  await setUp(app, `${coordinator.url}#${await coordinator.joinToken()}`, 1);
  const gate = await gatedSuite(1);
  const source = { type: 'path', path: gate.suite };
  const made = await coordinator.request('POST', '/api/v1/test-runs/create', {
    name: 'gated',
    project: 'shop',
    source,
  });
  const { test_run_id: run } = (await made.json()) as { test_run_id: string };
  await app.until(({ agent }) => agent.status?.tests.length);
  app.electron.choose('Quit when tests have finished');
  await app.until(({ quitting }) => quitting !== null);
  app.electron.choose('Quit now, give tests back');
  await app.electron.exited;
  const { items } = (await (await coordinator.request('GET', `/api/v1/test-runs/${run}/tasks`)).json()) as {
    items: { status: string }[];
  };
  expect(items.map(({ status }) => status)).toContain('pending');
});

test('an update that is offered during a task waits for its end', async () => {
  const updating = new OneUpdate();
  const app = await startApp({ updating: async () => updating });
  updating.isBusy = () => (app.state.agent.status?.slots.busy ?? 0) > 0;
  await setUp(app, null, 1);
  const gate = await gatedSuite(1);
  const run = await launch(app, gate.suite);
  await app.until(({ agent }) => agent.status?.tests.length);
  updating.offer('0.2.0');
  await app.until(({ update }) => update.state === 'waiting');
  expect(app.electron.menu).toContain('Install version 0.2.0');
  app.electron.choose('Install version 0.2.0');
  await app.until(() => updating.asked.length === 1);
  expect(app.state.update).toMatchObject({ state: 'waiting', waitingFor: 'tests that run here' });
  gate.open();
  await expect.poll(async () => (await readRun(app, run)).status, { timeout: 170_000 }).toBe('completed');
  await app.until(({ agent }) => agent.status?.slots.busy === 0);
  app.electron.choose('Install version 0.2.0');
  await app.until(({ update }) => update.state === 'installing');
});

test('children of an app that was killed end by themselves', async () => {
  const folder = tempFolder();
  const script = path.join(folder, 'parent.mjs');
  const program = path.resolve(import.meta.dirname, '../../../dist/playfleet.mjs');
  const args = [
    program,
    'coordinator',
    '--json',
    '--port',
    '0',
    '--content-port',
    '0',
    '--data',
    path.join(folder, 'data'),
  ];
  writeFileSync(
    script,
    `import { spawn } from 'node:child_process';
const child = spawn(process.execPath, ${JSON.stringify(args)}, { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
child.stdout.once('data', () => console.log(child.pid));`,
  );
  const parent = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void parent.kill('SIGKILL'));
  const [line] = (await once(createInterface(parent.stdout), 'line')) as [string];
  const pid = Number(line);
  expect(isAlive(pid)).toBe(true);
  parent.kill('SIGKILL');
  await expect.poll(() => isAlive(pid), { timeout: 20_000 }).toBe(false);
});

/** Offers one version and installs it when nothing runs. */
class OneUpdate implements Updating {
  readonly asked: boolean[] = [];
  isBusy = (): boolean => false;
  onChange = (): void => undefined;
  state: UpdateState = {
    state: 'idle',
    version: null,
    percent: null,
    waitingFor: null,
    problem: null,
    checkedAt: null,
  };

  offer(version: string): void {
    this.#set({ state: 'waiting', version, waitingFor: 'tests that run here' });
  }
  async install(now: boolean): Promise<void> {
    this.asked.push(now);
    if (!this.isBusy()) this.#set({ state: 'installing', waitingFor: null });
  }
  async check(): Promise<void> {}
  start(): void {}
  stop(): void {}
  wake(): void {}
  leave(): boolean {
    return false;
  }
  #set(change: Partial<UpdateState>): void {
    this.state = { ...this.state, ...change };
    this.onChange();
  }
}
