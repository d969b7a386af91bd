/** The coordinator goes away, and a machine of the team takes its place: real programs on addresses of loopback. */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { generate } from 'otplib';
import { expect, test, vi } from 'vitest';
import { FIRST } from '../../src-main/agent/coordinators/folders.ts';
import { readStandIns } from '../../src-main/agent/coordinators/remembered.ts';
import { okJson } from '../support/coordinator.ts';
import { startCoordinatorProcess } from '../support/coordinator-process.ts';
import { makePerson, PASSWORD } from '../support/people.ts';
import {
  askWith,
  command,
  ended,
  giveCopy,
  online,
  promoteMachine,
  readRun,
  startMachine,
  startRun,
  stateOf,
  switchMachine,
  workersOf,
  writeSuite,
} from './support.ts';

// Several programs, each with Playwright in it.
vi.setConfig({ testTimeout: 300_000 });

async function startCentral() {
  const central = await startCoordinatorProcess();
  const ask = askWith({ url: central.url, token: central.adminToken, pin: null });
  return { central, ask };
}

const codeAt = (secret: string, steps: number) =>
  generate({ secret, epoch: Math.floor(Date.now() / 1000) + steps * 30 });

test('a promoted machine takes workers, lets people in with password and second factor, and runs tests', async () => {
  const { central, ask } = await startCentral();
  const person = await makePerson({ url: central.url, request: ask }, { email: 'kim@example.com' });
  const { secret } = await okJson<{ secret: string }>(
    await person.ask('POST', '/account/second-factor', { password: PASSWORD }),
  );
  await okJson(await person.ask('POST', '/account/second-factor/confirm', { code: await codeAt(secret, 0) }));
  const suite = writeSuite(['adds', 'takes away']);
  const allow = ['--allow-path', suite.folder];
  const [laptop, desk] = [await startMachine(central, 'laptop', allow), await startMachine(central, 'desk', allow)];
  await giveCopy(ask, laptop);
  await central.kill();

  const promoted = await promoteMachine(laptop, '127.0.0.2');
  expect(promoted.readyMs).toBeLessThan(15_000);
  expect(promoted.lacks).toEqual(expect.arrayContaining(['mails', 'secrets', 'earlier_runs']));
  const own = await online(promoted.ask, 'laptop');
  expect(own.hostname).toBe('laptop');
  const began = performance.now();
  await switchMachine(desk, promoted.url);
  await online(promoted.ask, 'desk');
  expect(performance.now() - began).toBeLessThan(20_000);

  const page = askWith({ url: promoted.url, pin: promoted.pin, token: null });
  const origin = { origin: promoted.url };
  const signIn = { email: 'kim@example.com', password: PASSWORD };
  const first = await okJson<{ step: string; ticket: string }>(
    await page('POST', '/api/v1/auth/sign-in', signIn, origin),
  );
  expect(first.step).toBe('second_factor');
  const second = { ticket: first.ticket, code: await codeAt(secret, 1) };
  const done = await page('POST', '/api/v1/auth/second-factor', second, origin);
  expect(done.status).toBe(200);
  const cookie = done.headers.getSetCookie()[0]?.split(';')[0] ?? '';
  const run = await page(
    'POST',
    '/api/v1/test-runs/create',
    { name: 'on the train', project: 'shop', source: { type: 'path', path: suite.folder } },
    { ...origin, cookie },
  );
  const { test_run_id: id } = await okJson<{ test_run_id: string }>(run);
  expect(await ended(promoted.ask, id)).toMatchObject({ status: 'completed', outcome: 'passed' });
  const offline = await okJson<{ promotion: { machine: string } }>(await promoted.ask('GET', '/api/v1/offline'));
  expect(offline.promotion).toMatchObject({ machine: 'laptop', of: { url: central.url }, draining: false });
});

test('a run goes on while its coordinator is gone, and its reports come to that one alone', async () => {
  const { central, ask } = await startCentral();
  const suite = writeSuite(['waits', 'adds']);
  const laptop = await startMachine(central, 'laptop');
  const desk = await startMachine(central, 'desk', ['--allow-path', suite.folder]);
  await giveCopy(ask, laptop);
  const { id: laptopId } = await online(ask, 'laptop');
  await okJson(await ask('PATCH', `/api/v1/workers/${laptopId}`, { intent: 'paused' }));
  const id = await startRun(ask, suite.folder);
  await expect.poll(suite.begun, { timeout: 60_000 }).toBe(true);
  await central.kill();

  const promoted = await promoteMachine(laptop, '127.0.0.2');
  await switchMachine(desk, promoted.url);
  await online(promoted.ask, 'desk');
  suite.open();
  await desk.worker.shows(/"how":"finished","seconds":\d+,"msg":"finished"[^]*"how":"finished"/);
  expect((await okJson<{ items: unknown[] }>(await promoted.ask('GET', '/api/v1/test-runs'))).items).toEqual([]);

  const port = Number(new URL(central.url).port);
  await startCoordinatorProcess({ again: central, port });
  await okJson(await ask('PATCH', `/api/v1/workers/${laptopId}`, { intent: 'active' }));
  await switchMachine(desk, 'home');
  const run = await ended(ask, id);
  expect(run).toMatchObject({ status: 'completed', outcome: 'passed' });
  expect((await readRun(ask, id)).tests).toMatchObject({ total: 2, expected: 2 });
});

test('nobody follows an impostor, nor one whose time is over, and nothing is shown to it', async () => {
  const { central, ask } = await startCentral();
  const { central: other, ask: askOther } = await startCentral();
  const [desk, stranger] = [await startMachine(central, 'desk'), await startMachine(other, 'stranger')];
  await giveCopy(askOther, stranger);
  const impostor = await promoteMachine(stranger, '127.0.0.3');
  const refused = await command(desk.env, ['switch', impostor.url, '--yes', '--data', desk.dataDir], 2);
  expect(refused).toMatch(/Not switched: .*impostor/);
  expect((await workersOf(impostor.ask)).map(({ hostname }) => hostname)).toEqual(['stranger']);
  // Somebody writes it into the worker's file past the command: the worker looks itself.
  const file = path.join(desk.dataDir, 'coordinators.json');
  const shown = await okJson<{ origin: string; statement: object }>(await impostor.ask('GET', '/api/v1/promotion'));
  const known = JSON.parse(readFileSync(file, 'utf8')) as { coordinators: { standIns: object }[] };
  const { origin, statement } = shown;
  const away = [{ origin, name: 'stranger', url: impostor.url, pin: impostor.pin, statement, since: 1 }];
  const coordinators = known.coordinators.map((one) => ({
    ...one,
    standIns: { ...one.standIns, away, active: origin },
  }));
  writeFileSync(file, JSON.stringify({ ...known, coordinators }));
  await expect
    .poll(() => desk.worker.stdout() + desk.worker.stderr(), { timeout: 15_000 })
    .toMatch(/not switched: .*impostor/);
  expect((await online(ask, 'desk')).status).toBe('idle');
});

test('a machine that was enrolled after the copy was fetched is told so, and joins by the code that the promotion prints', async () => {
  const { central, ask } = await startCentral();
  const laptop = await startMachine(central, 'laptop');
  await giveCopy(ask, laptop);
  const late = await startMachine(central, 'late');
  // It knows whose word counts once it has been connected.
  await expect.poll(() => readStandIns(late.dataDir, FIRST).home, { timeout: 30_000 }).not.toBeNull();
  await central.kill();
  const promoted = await promoteMachine(laptop, '127.0.0.2');
  const refused = await command(late.env, ['switch', promoted.url, '--yes', '--data', late.dataDir], 2);
  expect(refused).toMatch(/Not switched: laptop does not know this machine: it was enrolled/);
  expect(refused).toContain(`playfleet join SIX WORDS --at ${promoted.url}`);
  const file = path.join(late.dataDir, 'coordinators.json');
  const known = JSON.parse(readFileSync(file, 'utf8')) as { coordinators: { standIns: object }[] };
  // What was shown is replaced at home, although it was of no use there.
  expect(known.coordinators).toMatchObject([{ standIns: { active: null, keyShown: true } }]);
  // Who writes it past the command: the worker says the same, and goes on for its own.
  const { origin, statement } = await okJson<{ origin: string; statement: object }>(
    await promoted.ask('GET', '/api/v1/promotion'),
  );
  const away = [{ origin, name: 'laptop', url: promoted.url, pin: promoted.pin, statement, since: 1 }];
  const coordinators = known.coordinators.map((one) => ({
    ...one,
    standIns: { ...one.standIns, away, active: origin },
  }));
  writeFileSync(file, JSON.stringify({ ...known, coordinators }));
  await late.worker.shows(/laptop does not know this machine: it was enrolled/);
  expect(late.worker.stdout()).not.toContain('Enrol anew with another --data folder');

  const words = promoted.join_code.split(' ');
  expect(words).toHaveLength(6);
  const joined = await command(late.env, [
    'join',
    ...words,
    '--at',
    promoted.url,
    '--name',
    'late',
    '--data',
    late.dataDir,
  ]);
  expect(joined).toContain('This machine is enrolled at');
  await online(promoted.ask, 'late');
});

test('secrets are opened where policy and owner say so, and never unasked', async () => {
  const { central, ask } = await startCentral();
  await okJson(await ask('PUT', '/api/v1/projects/shop/secrets/default/API_KEY', { value: 'hunter22' }));
  const laptop = await startMachine(central, 'laptop', ['--copy-secrets']);
  await giveCopy(ask, laptop, 'yes');
  expect(stateOf(laptop)?.secrets).toBe(false);
  const { id } = await online(ask, 'laptop');
  await okJson(await ask('PUT', `/api/v1/workers/${id}/warm-copy`, { permit: 'secrets' }));
  await expect.poll(() => stateOf(laptop)?.secrets, { timeout: 15_000 }).toBe(true);
  await central.kill();
  const flags = ['promote', '--data', laptop.dataDir, '--host', '127.0.0.2', '--port', '0'];
  const asked = await command(laptop.env, flags, 2);
  expect(asked).toMatch(/This machine also runs tests, as the same user/);
  expect(asked).toMatch(/--without-secrets, or --with-secrets/);
  expect(readdirSync(laptop.dataDir)).not.toContain('promoted');
  const promoted = await promoteMachine(laptop, '127.0.0.2', ['--with-secrets']);
  expect(promoted.lacks).not.toContain('secrets');
  const listed = await promoted.ask('GET', '/api/v1/projects/shop/secrets');
  expect(await okJson(listed)).toMatchObject({ items: [{ name: 'API_KEY', readable: true }] });
});

test('a promotion that was killed goes on where it was', async () => {
  const { central, ask } = await startCentral();
  const laptop = await startMachine(central, 'laptop');
  await giveCopy(ask, laptop);
  await central.kill();
  const first = await promoteMachine(laptop, '127.0.0.2');
  await okJson(await first.ask('PUT', '/api/v1/settings', { max_parallel_test_runs: 3 }));
  const { origin } = await okJson<{ origin: string }>(await first.ask('GET', '/api/v1/promotion'));
  const twice = await command(laptop.env, ['promote', '--data', laptop.dataDir], 2);
  expect(twice).toMatch(/is promoted already/);
  first.cli.child.kill('SIGKILL');
  await first.cli.exit.catch(() => undefined);
  const again = await promoteMachine(laptop, '127.0.0.2');
  expect(again.folder).toBe(first.folder);
  expect(await okJson(await again.ask('GET', '/api/v1/promotion'))).toMatchObject({ origin });
  await online(again.ask, 'laptop');
});

test('a machine without a copy, with a damaged one, or one that may not any more says so', async () => {
  const { central, ask } = await startCentral();
  const laptop = await startMachine(central, 'laptop');
  const flags = ['promote', '--data', laptop.dataDir, '--host', '127.0.0.2', '--port', '0'];
  expect(await command(laptop.env, flags, 2)).toMatch(/keeps no copy.*\n.*playfleet copies allow/);
  await giveCopy(ask, laptop);
  const file = path.join(laptop.dataDir, 'warm-copy', 'copy.sealed');
  expect(statSync(file).mode & 0o077).toBe(0);
  const bytes = readFileSync(file);
  writeFileSync(file, bytes.subarray(0, bytes.length - 5));
  expect(await command(laptop.env, flags, 2)).toMatch(/The warm copy cannot be used/);
  expect(readdirSync(path.join(laptop.dataDir))).not.toContain('promoted');
  const { id } = await online(ask, 'laptop');
  await okJson(await ask('PUT', `/api/v1/workers/${id}/warm-copy`, { permit: 'no' }));
  await expect.poll(() => stateOf(laptop), { timeout: 15_000 }).toBe(null);
});
