import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { joinDeepLink } from '../../../src-main/desktop/rules/deep-link.ts';
import { askWith, ended, startRun, workersOf, writeSuite } from '../../offline/support.ts';
import { okJson, startCoordinator } from '../../support/coordinator.ts';
import { startCoordinatorProcess } from '../../support/coordinator-process.ts';
import { readFiles } from '../../support/folders.ts';
import { setUp, startApp } from '../app.ts';
import { gatedSuite, launch, readRun } from '../gate.ts';

// Real programs are started and ended many times, on machines that may be busy.
vi.setConfig({ testTimeout: 600_000 });

/** Tokens hold the pin where there is one. */
const joinLink = async (coordinator: Awaited<ReturnType<typeof startCoordinator>>): Promise<string> =>
  `${coordinator.url}#${await coordinator.joinToken()}`;

describe('the first run', () => {
  test('alone: asks, starts a coordinator and an agent, signs in, and runs a suite', async () => {
    const app = await startApp();
    expect(app.electron.window.loaded).toEqual(['app://playfleet/setup']);
    expect(app.state).toMatchObject({ isSetUp: false, agent: { state: 'off' }, ownCoordinator: { state: 'off' } });
    await setUp(app, null);
    const state = await app.until(({ agent }) => agent.status?.state === 'idle');
    expect(state).toMatchObject({
      isSetUp: true,
      ownCoordinator: { state: 'running', failures: 0 },
      coordinators: [{ id: 'own', own: true, active: true, signedIn: true, pinned: false }],
    });
    expect(readFileSync(path.join(app.folder, 'autostart/playfleet.desktop'), 'utf8')).toContain('--hidden');
    const gate = await gatedSuite(1);
    gate.open();
    const run = await launch(app, gate.suite);
    await expect.poll(async () => (await readRun(app, run)).status, { timeout: 170_000 }).toBe('completed');
    expect(app.log('coordinator')).not.toMatch(/pf[aj]_/);
    await app.quit();

    const again = await startApp({ folder: app.folder, argv: ['--hidden'] });
    expect(again.electron.windows).toHaveLength(0);
    const back = await again.until(({ agent }) => agent.status?.state === 'idle');
    expect(back.coordinators[0]).toMatchObject({ url: state.coordinators[0]!.url, signedIn: true });
    expect((await readRun(again, run)).status).toBe('completed');
  });

  test('by a join link of an encrypted coordinator: nothing is lent before its person agreed', async () => {
    const coordinator = await startCoordinator({ tls: 'own' });
    const app = await startApp();
    await app.ask('wizardDo', { do: 'begin' });
    await app.ask('wizardDo', { do: 'choose', way: 'join' });
    const asked = await app.ask('wizardDo', { do: 'join', join: { by: 'link', link: await joinLink(coordinator) } });
    expect(asked).toMatchObject({ step: 'coordinator', busy: true });
    const wizard = await app.wizardUntil(({ step }) => step === 'machine');
    expect(wizard.coordinator).toEqual({ name: new URL(coordinator.url).host, url: coordinator.url, pinned: true });
    expect(JSON.stringify(wizard)).not.toContain('pfj_');
    const lending = { ...wizard.lending, slots: 3, projects: ['shop'] };
    await app.ask('wizardDo', { do: 'lend', lending });
    expect(app.state.agent.state).toBe('off');
    expect(await (await coordinator.request('GET', '/api/v1/workers')).json()).toMatchObject({ items: [] });
    await app.ask('wizardDo', { do: 'agree', startAtLogin: false });
    await app.wizardUntil(({ step }) => step === 'done');
    const { items } = (await (await coordinator.request('GET', '/api/v1/workers')).json()) as { items: object[] };
    expect(items).toMatchObject([{ hostname: wizard.lending.name, max_parallel_tasks: 3 }]);
    expect(app.state.coordinators).toMatchObject([{ pinned: true, active: true, own: false, signedIn: false }]);
    // The page reaches it by its pin, and is led to sign in.
    expect((await app.electron.request('/api/v1/auth/me')).status).toBe(401);
    expect(app.state.ownCoordinator.state).toBe('off');
  });

  test('by six words, which prove the coordinator as much as the machine: wrong ones are named, right ones work once', async () => {
    const coordinator = await startCoordinatorProcess({ tls: true });
    const ask = askWith({ url: coordinator.url, token: coordinator.adminToken, pin: coordinator.pin });
    const { code } = await okJson<{ code: string }>(await ask('POST', '/api/v1/join-codes', { name: 'a laptop' }));
    const address = coordinator.url.replace('https://', '');
    const app = await startApp();
    const join = (words: string, from = app) =>
      from.ask('wizardDo', { do: 'join', join: { by: 'code', address, code: words } });
    await app.ask('wizardDo', { do: 'begin' });
    await app.ask('wizardDo', { do: 'choose', way: 'join' });
    await join(code.replace(/^\S+/, 'wrongly'));
    expect((await app.wizardUntil(({ busy }) => !busy)).problem).toMatchObject({
      field: 'code',
      message: expect.stringContaining('Word 1, "wrongly", is in no join code') as string,
    });
    await join(code.toUpperCase());
    const { coordinator: found, lending } = await app.wizardUntil(({ step }) => step === 'machine');
    // Nothing but the words was typed: who was reached is proven by them.
    expect(found).toEqual({ name: new URL(coordinator.url).host, url: coordinator.url, pinned: true });
    await app.ask('wizardDo', { do: 'lend', lending: { ...lending, manners: { version: 1 } } });
    expect(await workersOf(ask)).toEqual([]);
    await app.ask('wizardDo', { do: 'agree', startAtLogin: false });
    await app.wizardUntil(({ step }) => step === 'done');
    expect(await workersOf(ask)).toMatchObject([{ hostname: lending.name }]);
    const suite = writeSuite(['adds']);
    expect(await ended(ask, await startRun(ask, suite.folder))).toMatchObject({ outcome: 'passed' });

    const second = await startApp();
    await second.ask('wizardDo', { do: 'begin' });
    await second.ask('wizardDo', { do: 'choose', way: 'join' });
    await join(code, second);
    const refused = await second.wizardUntil(({ busy }) => !busy);
    expect(refused).toMatchObject({ step: 'coordinator', problem: { field: 'code' } });
    expect(second.state.coordinators).toEqual([]);
  });

  test('with a link that was used up: says so where it can be mended, and leaves nothing behind', async () => {
    const coordinator = await startCoordinator();
    const link = await joinLink(coordinator);
    const first = await startApp();
    await setUp(first, link);
    expect(first.state.isSetUp).toBe(true);
    const second = await startApp();
    await setUp(second, link);
    const wizard = await second.ask('wizard');
    expect(wizard).toMatchObject({
      step: 'coordinator',
      busy: false,
      problem: { code: 'not_enrolled', field: 'link' },
    });
    expect(wizard.problem?.message).toMatch(/join token/);
    expect(second.state).toMatchObject({ isSetUp: false, agent: { state: 'off' } });
    await second.ask('wizardDo', { do: 'join', join: { by: 'link', link: await joinLink(coordinator) } });
    await second.wizardUntil(({ step }) => step === 'machine');
    await second.ask('wizardDo', { do: 'lend', lending: wizard.lending });
    await second.ask('wizardDo', { do: 'agree', startAtLogin: false });
    await second.wizardUntil(({ step }) => step === 'done');
  });

  test('with nobody at the address, or half a link: says which', async () => {
    const app = await startApp();
    await app.ask('wizardDo', { do: 'begin' });
    await app.ask('wizardDo', { do: 'choose', way: 'join' });
    await app.ask('wizardDo', { do: 'join', join: { by: 'link', link: 'http://127.0.0.1:9#pfj_abc' } });
    expect((await app.wizardUntil(({ busy }) => !busy)).problem).toMatchObject({
      code: 'no_coordinator',
      field: 'link',
    });
    await app.ask('wizardDo', { do: 'join', join: { by: 'link', link: 'http://127.0.0.1:9' } });
    expect((await app.wizardUntil(({ busy }) => !busy)).problem).toMatchObject({ code: 'bad_link', field: 'link' });
    await app.ask('wizardDo', {
      do: 'join',
      join: { by: 'code', address: '127.0.0.1:9', code: 'not words of ours at all' },
    });
    expect((await app.wizardUntil(({ busy }) => !busy)).problem).toMatchObject({ field: 'code' });
  });

  test('without a safe place for secrets: refuses, explains, and goes on in memory alone once its person said so', async () => {
    const app = await startApp({ safeStorage: 'basic_text' });
    expect(app.electron.tray.tooltip).toContain('Not set up yet');
    await setUp(app, null);
    const refused = await app.ask('wizard');
    expect(refused).toMatchObject({ step: 'consent', problem: { code: 'no_safe_place' } });
    expect(refused.problem?.message).toMatch(/no keyring/);
    expect(app.state.ownCoordinator.state).toBe('off');
    await app.ask('keepSecretsForSession');
    await app.ask('wizardDo', { do: 'agree', startAtLogin: false });
    await app.wizardUntil(({ step }) => step === 'done');
    await app.until(({ coordinators }) => coordinators[0]?.signedIn);
    expect(Object.keys(readFiles(path.join(app.folder, 'desktop'), ['coordinator', 'workers']))).not.toContain(
      'secrets.json',
    );
    await app.quit();
    // The next start signs in anew, with nothing on the disk to do it with.
    const again = await startApp({ folder: app.folder, safeStorage: 'basic_text' });
    expect(again.state.secrets.kept).toBe('session');
    await again.until(({ coordinators, agent }) => coordinators[0]?.signedIn && agent.status?.state === 'idle');
    expect(await again.api('GET', '/auth/me')).toMatchObject({ kind: 'user' });
  });

  test('by a deep link: asks before anything else, and no means no', async () => {
    const coordinator = await startCoordinator();
    const link = joinDeepLink(await joinLink(coordinator));
    const app = await startApp({ argv: [link] });
    await expect.poll(() => app.electron.questions.length).toBe(1);
    expect(app.electron.questions[0]).toMatchObject({
      cancelId: 1,
      defaultId: 1,
      detail: expect.stringContaining(coordinator.url) as string,
    });
    expect(await app.ask('wizard')).toMatchObject({ step: 'welcome' });
    app.electron.nextAnswer = 0;
    app.electron.app.emit('second-instance', {}, ['/opt/playfleet', link], '/');
    const wizard = await app.wizardUntil(({ step }) => step === 'machine');
    expect(wizard.coordinator?.url).toBe(coordinator.url);
    expect(app.state.agent.state).toBe('off');
  });
});
