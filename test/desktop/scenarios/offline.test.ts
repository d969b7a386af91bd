/** The coordinator goes away and comes back, as people with the app see it: real coordinators, agents and Playwright underneath. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test, vi } from 'vitest';
import type { FoundCoordinator } from '../../../shared/protocol/desktop/wizard.ts';
import { cliHome } from '../../cli/support/start-cli.ts';
import { ended, startRun, workersOf, writeSuite } from '../../offline/support.ts';
import { okJson } from '../../support/coordinator.ts';
import { isAlive } from '../../support/is-alive.ts';
import { startApp } from '../app.ts';
import { launch, readRun } from '../gate.ts';
import { nameOf, permit, startCentral, teammate } from '../team.ts';

// Several programs, each with Playwright in it, on machines that may be busy.
vi.setConfig({ testTimeout: 600_000 });
const PATIENCE = { timeout: 120_000, interval: 200 };

test('central is killed, the app stands in from its tray, a run finishes there, the app begins anew, central returns: all is at home, the copy deleted', async () => {
  const central = await startCentral();
  const app = await teammate(central, { host: '127.0.0.2' });
  const name = nameOf(central);
  expect((await app.refusal('promote', { secrets: false })).code).toBe('no_copy');
  await permit(central, app);
  expect(app.electron.menu).not.toContain(`Stand in for ${name}…`);
  await central.process.kill();
  await app.until(({ agent }) => agent.status?.state === 'offline');

  // No is no.
  app.electron.choose(`Stand in for ${name}…`);
  await expect.poll(() => app.electron.questions.length).toBe(1);
  expect(app.electron.questions[0]!.detail).toMatch(/What it cannot do: write mails/);
  expect(app.state.offline.promotion).toBeNull();
  app.electron.answers.push(0);
  const began = performance.now();
  app.electron.choose(`Stand in for ${name}…`);
  await app.until(({ offline }) => offline.promotion?.shown);
  const readyMs = Math.round(performance.now() - began);
  expect(app.electron.questions).toHaveLength(2);
  const { promotion } = await app.until(({ offline }) => offline.promotion?.about).then(({ offline }) => offline);
  expect(promotion).toMatchObject({ name, ending: false, part: { state: 'running', failures: 0 } });
  expect(promotion!.shown!.addresses[0]).toMatch(/^https:\/\/127\.0\.0\.2:\d+$/);
  expect(promotion!.shown!.lacks).toEqual(expect.arrayContaining(['mails', 'secrets', 'earlier_runs']));
  expect(promotion!.about).toMatchObject({ secrets: false, homecoming: { state: 'unreachable' } });
  expect(app.electron.menu).toContain(`Stands in for ${name}`);
  expect(app.log('promotion')).not.toMatch(/pf[aj]_/);

  // The agent and the page go along, and the page needs no new sign-in.
  await app.until(({ offline, agent }) => offline.follows !== null && agent.status?.state === 'idle');
  expect(await app.api('GET', '/auth/me')).toMatchObject({ kind: 'user' });
  const suite = writeSuite(['adds', 'takes away']);
  const run = await launch(app, suite.folder);
  await expect.poll(async () => (await readRun(app, run)).status, PATIENCE).toBe('completed');

  // It crashes, and is back at the same address with what it had.
  const address = promotion!.shown!.addresses[0];
  process.kill(app.desktop.pids.promotion!, 'SIGKILL');
  await app.until(({ offline }) => offline.promotion?.part.failures === 1);
  await app.until(({ offline }) => offline.promotion?.part.state === 'running');
  expect(app.state.offline.promotion!.shown!.addresses[0]).toBe(address);
  expect((await readRun(app, run)).status).toBe('completed');

  // The app is ended, after a question, and begins anew.
  const { promotion: pid } = app.desktop.pids;
  app.electron.choose('Quit now, give tests back');
  await expect.poll(() => app.electron.questions.length).toBe(3);
  expect(app.electron.questions[2]!.detail).toContain(`stands in for ${name}`);
  expect(app.electron.exitCode).toBeNull();
  app.electron.answers.push(0);
  app.electron.choose('Quit now, give tests back');
  await app.electron.exited;
  expect(isAlive(pid!)).toBe(false);
  const again = await startApp({ folder: app.folder, promotedHost: '127.0.0.2', env: cliHome() });
  await again.until(({ offline }) => offline.promotion?.shown && offline.follows !== null);
  expect(again.state.offline.promotion!.shown!.addresses[0]).toBe(address);
  expect((await again.refusal('chooseCoordinator', { id: again.state.coordinators[0]!.id })).code).toBe('promoted');
  const second = await launch(again, suite.folder);
  await expect.poll(async () => (await readRun(again, second)).status, PATIENCE).toBe('completed');

  await central.comeBack();
  again.electron.answers.push(0);
  again.electron.choose('Bring everything home…');
  await again.until(({ offline }) => offline.promotion === null);
  const { home } = again.state.offline;
  expect(home).toMatchObject({ name, deleted: true, conflicts: 0 });
  expect(home!.counts['run']).toBe(2);
  const root = path.join(app.folder, 'desktop/workers', again.state.coordinators[0]!.id, 'promoted');
  expect(existsSync(root) ? readdirSync(root) : []).toEqual([]);
  for (const id of [run, second]) expect(await ended(central.ask, id)).toMatchObject({ outcome: 'passed' });
  await again.until(({ offline, agent }) => offline.follows === null && agent.status?.state === 'idle');
  expect(again.state.agent.status!.coordinator).toBe(central.process.url);
  await expect
    .poll(() => again.electron.notifications.map(({ title }) => title))
    .toContain(`Everything is at home at ${name}`);
  expect(readyMs).toBeLessThan(30_000);
  console.log(JSON.stringify({ promotedInMs: readyMs }));
});

test('a teammate is told who has proven to stand in, switches after one confirmation, and is sent home at the end', async () => {
  const central = await startCentral();
  const found: FoundCoordinator[] = [];
  const app = await teammate(central, { host: '127.0.0.3' });
  const mate = await teammate(central, { found });
  await permit(central, app);
  await central.process.kill();
  await app.until(({ agent }) => agent.status?.state === 'offline');
  await app.ask('promote', { secrets: false });
  const [address = ''] = app.state.offline.promotion!.shown!.addresses;
  const machine = app.state.agent.status!.worker;

  // Announced on the network by whomever: only what is proven is shown.
  found.push({ name: 'an impostor', address: 'https://127.0.0.1:9', version: null });
  found.push({ name: 'whatever it calls itself', address, version: null });
  await mate.until(({ offline }) => offline.standIns.length > 0);
  expect(mate.state.offline.standIns).toEqual([{ name: machine, address }]);
  expect(mate.electron.notifications.map(({ title }) => title)).toContain(
    `${machine} stands in for ${nameOf(central)}`,
  );
  const refused = await mate.refusal('switchTo', { address: '127.0.0.1:9' });
  expect(refused).toMatchObject({ code: 'not_switched', field: 'address' });
  expect(refused.message).toMatch(/There is no coordinator/);
  mate.electron.answers.push(0);
  const began = performance.now();
  mate.electron.choose(`Switch to ${machine}…`);
  await mate.until(({ offline, agent }) => offline.follows !== null && agent.status?.state === 'idle');
  const switchedMs = Math.round(performance.now() - began);
  expect(mate.electron.questions).toHaveLength(1);
  expect(mate.electron.menu).toContain(`Works for ${machine}, which stands in`);
  const workers = await app.api<{ items: { hostname: string }[] }>('GET', '/workers');
  expect(workers.items.map(({ hostname }) => hostname)).toContain(mate.state.agent.status!.worker);
  // The page of the mate is led to sign in there: nothing of theirs was handed over.
  expect((await mate.electron.request('/api/v1/auth/me')).status).toBe(401);

  await central.comeBack();
  await app.ask('demote', { now: false });
  await app.until(({ offline }) => offline.home?.deleted);
  await mate.until(({ offline, agent }) => offline.follows === null && agent.status?.state === 'idle');
  expect(mate.state.agent.status!.coordinator).toBe(central.process.url);
  expect(await workersOf(central.ask)).toHaveLength(2);
  console.log(JSON.stringify({ switchedInMs: switchedMs }));
});

test('secrets are opened after an explanation alone, and a copy that was changed leaves nothing half-promoted', async () => {
  const central = await startCentral();
  await okJson(await central.ask('PUT', '/api/v1/projects/shop/secrets/default/API_KEY', { value: 'hunter22' }));
  const app = await teammate(central, { host: '127.0.0.4' });
  await permit(central, app, 'secrets');
  await app.ask('setCopySecrets', { on: true });
  await app.until(({ offline }) => offline.copy?.secrets);
  await central.process.kill();
  await app.until(({ agent }) => agent.status?.state === 'offline');
  const copy = path.join(app.folder, 'desktop/workers', app.state.coordinators[0]!.id, 'warm-copy/copy.sealed');
  const whole = readFileSync(copy);
  writeFileSync(copy, Buffer.concat([whole.subarray(0, -1), Buffer.from([whole.at(-1)! ^ 1])]));
  const refused = await app.refusal('promote', { secrets: false });
  expect(refused).toMatchObject({ code: 'not_promoted' });
  expect(refused.message).toMatch(/copy/i);
  expect(app.state.offline.promotion).toBeNull();
  const settings = JSON.parse(readFileSync(path.join(app.folder, 'desktop/settings.json'), 'utf8')) as object;
  expect(settings).toMatchObject({ version: 3, promotion: null });

  writeFileSync(copy, whole);
  // Yes to standing in, no to secrets.
  app.electron.answers.push(0, 1);
  app.electron.choose(`Stand in for ${nameOf(central)}…`);
  await app.until(({ offline }) => offline.promotion?.about);
  expect(app.electron.questions.map(({ message }) => message)).toEqual([
    `Stand in for ${nameOf(central)} with this computer?`,
    "Open the team's secrets here, too?",
  ]);
  expect(app.electron.questions[1]!.detail).toMatch(/malicious test could read all of them/);
  expect(app.state.offline.promotion!.about).toMatchObject({ secrets: false });
  // Somebody ends it from its dashboard, and central is there: the app hears of it, and deletes.
  await central.comeBack();
  await app.until(({ offline }) => offline.follows);
  await app.api('POST', '/offline/demotion', { now: true });
  await app.until(({ offline }) => offline.promotion === null && offline.home?.deleted);
  const id = await startRun(central.ask, writeSuite(['adds']).folder);
  expect(await ended(central.ask, id)).toMatchObject({ outcome: 'passed' });
});
