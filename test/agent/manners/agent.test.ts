/** Manners at work: a real agent, a real coordinator, real Playwright. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Agent } from '../../../src-main/agent/agent.ts';
import type { AgentFlags } from '../../../src-main/agent/config.ts';
import { pidsWithEnvironment } from '../../../src-main/agent/playwright/process-table.ts';
import { manners } from '../../../shared/protocol/desktop/manners.ts';
import type { Run } from '../../../shared/protocol/rest/runs.ts';
import type { Worker } from '../../../shared/protocol/rest/workers.ts';
import { okJson, startCoordinator, type TestCoordinator } from '../../support/coordinator.ts';
import { discover, writeSuite } from '../playwright/inline-suite.ts';
import { captureLog, configFor, markIn, startAgent } from '../support.ts';

// Whole Playwright processes: seconds each on a free machine, many times that on a busy one.
vi.setConfig({ testTimeout: 240_000 });

/** Each test says that it has begun, waits until the file `go` is there, and says at which priority it ends. */
const NAMES = ['a', 'b', 'c', 'd', 'e', 'f'];
const SUITE = Object.fromEntries(
  NAMES.map((name) => [
    `${name}.spec.ts`,
    `import { test } from '@playwright/test';
import fs from 'node:fs';
import os from 'node:os';
test('${name}', async () => {
  fs.writeFileSync('${name}.began', '');
  while (!fs.existsSync('go')) await new Promise((resolve) => setTimeout(resolve, 50));
  fs.writeFileSync('${name}.ended', String(os.getPriority()));
});`,
  ]),
);
const begun = (suite: string): string[] => readdirSync(suite).filter((name) => name.endsWith('.began'));
const go = (suite: string): void => writeFileSync(path.join(suite, 'go'), '');
const poll = (probe: () => unknown) => expect.poll(probe, { timeout: 120_000, interval: 50 });

async function rig(flags: AgentFlags) {
  const coordinator = await startCoordinator();
  const suite = await writeSuite(SUITE);
  const { log, lines } = captureLog();
  const join = `${coordinator.url}#${await coordinator.joinToken()}`;
  // What the coordinator discovers of the suite asks for Chromium.
  const config = configFor(coordinator, { join, allowPath: [suite], allowSystemBrowser: true, ...flags });
  const agent = await Agent.start(config, log);
  onTestFinished(async () => {
    agent.giveBack('the test is over');
    await agent.done;
  });
  await poll(() => agent.status().state).not.toBe('offline');
  return { coordinator, suite, agent, lines };
}

async function startRun(coordinator: TestCoordinator, suite: string): Promise<() => Promise<Run>> {
  const body = { name: 'office', source: { type: 'path', path: suite } };
  const made = await okJson<{ test_run_id: string }>(
    await coordinator.request('POST', '/api/v1/test-runs/create', body),
  );
  return async () => okJson<Run>(await coordinator.request('GET', `/api/v1/test-runs/${made.test_run_id}`));
}

async function workerOf(coordinator: TestCoordinator): Promise<Worker> {
  const { items } = await okJson<{ items: Worker[] }>(await coordinator.request('GET', '/api/v1/workers'));
  return items[0]!;
}

const settings = (part: object) => ({ type: 'manners', manners: manners.parse({ version: 1, ...part }) }) as const;

test('a fact pauses it: the test that runs is finished, the others go back, the coordinator says why; then it takes work again', async () => {
  const { coordinator, suite, agent } = await rig({ slots: '1' });
  await agent.carryOut(settings({ userActive: { mode: 'pause' } }));
  const run = await startRun(coordinator, suite);
  await poll(() => agent.status().tests.length).toBe(1);
  expect(agent.status()).toMatchObject({ state: 'busy', slots: { total: 1, lent: 1, busy: 1 } });
  expect(agent.status().tests[0]).toMatchObject({ run: 'office', title: expect.stringMatching(/^[a-f]$/) as string });

  const told = performance.now();
  await agent.carryOut({ type: 'facts', facts: { idleSeconds: 0, locked: false } });
  expect(agent.status()).toMatchObject({
    state: 'paused',
    slots: { lent: 0, busy: 1 },
    why: [{ reason: 'userActive' }],
  });
  await poll(async () => (await workerOf(coordinator)).intent).toBe('paused');
  console.log(`paused on the coordinator ${Math.round(performance.now() - told)} ms after the fact was known`);
  expect((await workerOf(coordinator)).intent_reason).toBe('its owner needs the machine');
  go(suite);
  await poll(() => agent.status().slots.busy).toBe(0);
  // The one that ran, and the one that was about to begin.
  expect(begun(suite).length).toBeLessThanOrEqual(2);
  expect(begun(suite).every((name) => existsSync(path.join(suite, name.replace('began', 'ended'))))).toBe(true);
  const half = await run();
  expect(half.status).toBe('running');

  // Tests that were finished during the pause were in nobody's way.
  const priorities = begun(suite).map((name) => readFileSync(path.join(suite, name.replace('began', 'ended')), 'utf8'));
  if (process.platform === 'linux') expect(priorities).toContain('10');

  await agent.carryOut({ type: 'facts', facts: { locked: true } });
  await poll(async () => (await run()).status).toBe('completed');
  expect(begun(suite)).toHaveLength(NAMES.length);
  expect(await run()).toMatchObject({ tests: { total: NAMES.length, expected: NAMES.length } });
  expect(await workerOf(coordinator)).toMatchObject({ intent: 'active' });
});

test('fewer slots are lent while it runs on battery: the coordinator grants no more than that', async () => {
  const { coordinator, suite, agent, lines } = await rig({ slots: '2' });
  await agent.carryOut(settings({ battery: { mode: 'fewer' }, fewer: { slots: 1, cpuPriority: 'normal' } }));
  await agent.carryOut({ type: 'facts', facts: { onBattery: true } });
  const run = await startRun(coordinator, suite);
  await poll(() => agent.status().tests.length).toBe(1);
  expect(agent.status()).toMatchObject({ state: 'busy', slots: { total: 2, lent: 1, busy: 1 } });
  expect(await workerOf(coordinator)).toMatchObject({ intent: 'active' });
  go(suite);
  let most = 0;
  agent.onStatus = () => (most = Math.max(most, agent.status().slots.busy));
  await poll(async () => (await run()).status).toBe('completed');
  expect(most).toBeLessThanOrEqual(1);
  expect(lines.filter((line) => line.includes('a grant is given back'))).toEqual([]);
});

test('slots that are taken away while they are busy: the newest work goes back, the oldest is finished', async () => {
  const { coordinator, suite, agent } = await rig({ slots: '2' });
  await agent.carryOut(settings({ metered: { mode: 'fewer' } }));
  const run = await startRun(coordinator, suite);
  await poll(() => agent.status().tests.length).toBe(2);
  await agent.carryOut({ type: 'facts', facts: { metered: true } });
  expect(agent.status().slots).toEqual({ total: 2, lent: 1, busy: 2 });
  go(suite);
  await poll(async () => (await run()).status).toBe('completed');
  expect(await run()).toMatchObject({ tests: { total: NAMES.length, expected: NAMES.length } });
});

const SLOW = {
  'slow.spec.ts': `import { test } from '@playwright/test';
test('slow', async () => { await new Promise((resolve) => setTimeout(resolve, 60_000)); });`,
};

test('before it sleeps everything is handed back; when it wakes it asks what is still its own before it takes anything', async () => {
  const suite = await writeSuite(SLOW);
  const { tests } = await discover(suite);
  const { coordinator, agent, config } = await startAgent({ allowPath: [suite] });
  const order = {
    source: { type: 'path' as const, path: suite },
    work: { kind: 'units' as const, testIds: tests.map(({ id }) => id) },
  };
  coordinator.grant(order);
  await coordinator.until(() => agent.status().tests.length === 1);
  const began = performance.now();
  const answer = await agent.carryOut({ type: 'suspend', withinMs: 20_000 });
  console.log(`handed back ${Math.round(performance.now() - began)} ms after it was told to sleep`);
  expect(answer).toEqual({ handedBack: { tasks: 1, arrived: true } });
  expect(pidsWithEnvironment('PLAYFLEET_AGENT', markIn(config))).toEqual([]);
  expect(coordinator.reportsOf('release')[0]?.reason).toBe('the machine goes to sleep');
  expect(coordinator.received('offer').at(-1)).toMatchObject({ free: 0, lent: 0 });
  expect(agent.status()).toMatchObject({ state: 'paused', why: [{ reason: 'suspending' }] });
  coordinator.grant(order);
  await coordinator.until(() => coordinator.reportsOf('release').length === 2);

  await agent.carryOut({ type: 'woke' });
  await coordinator.untilConnected(2);
  await coordinator.until(() => coordinator.received('offer').at(-1)?.free === 2);
  expect(agent.status()).toMatchObject({ state: 'idle', why: [] });
});

test('told to give all back at a pause, it does so at once', async () => {
  const suite = await writeSuite(SLOW);
  const { tests } = await discover(suite);
  const { coordinator, agent } = await startAgent({ allowPath: [suite], whenPaused: 'giveBack' });
  coordinator.grant({
    source: { type: 'path', path: suite },
    work: { kind: 'units', testIds: tests.map(({ id }) => id) },
  });
  await coordinator.until(() => agent.status().tests.length === 1);
  await agent.carryOut({ type: 'pause', until: null });
  const release = await coordinator.until(() => coordinator.reportsOf('release')[0]);
  expect(release.reason).toBe('paused by its owner');
  const [intent] = coordinator.received('intent');
  expect(intent).toMatchObject({ intent: 'paused', reason: 'paused by its owner' });
  coordinator.send({ type: 'intent', intent: 'paused', reason: 'set on the coordinator' });
  await agent.carryOut({ type: 'resume' });
  await coordinator.until(() => coordinator.received('intent').at(-1)?.intent === 'active');
});

test('to an older coordinator, which would grant too much again and again, it lends all of its slots or none', async () => {
  const { coordinator, agent } = await startAgent();
  coordinator.welcome = { protocol: 4 };
  coordinator.breakLink();
  await coordinator.untilConnected(2);
  await agent.carryOut(settings({ battery: { mode: 'fewer' }, metered: { mode: 'pause' } }));
  await agent.carryOut({ type: 'facts', facts: { onBattery: true } });
  await coordinator.until(() => coordinator.received('offer').at(-1)?.free === 2);
  await agent.carryOut({ type: 'facts', facts: { metered: true } });
  await coordinator.until(() => coordinator.received('offer').at(-1)?.free === 0);
});

test('outside its hours a worker says so at its start, and until when', async () => {
  const { coordinator, agent } = await startAgent({ hours: '2000-01-01 9-10 UTC' });
  const intent = await coordinator.until(() => coordinator.received('intent')[0]);
  expect(intent).toMatchObject({ intent: 'paused', reason: 'outside its hours' });
  expect(coordinator.received('offer').every(({ free }) => free === 0)).toBe(true);
  expect(agent.status()).toMatchObject({ state: 'paused', why: [{ reason: 'outsideHours', until: null }] });
  // An update does not begin with the hours.
  const opens = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
  const hours = { timeZone: 'UTC', week: [], exceptions: [{ date: opens, spans: [{ from: '09:00', to: '10:00' }] }] };
  await agent.carryOut(settings({ hours }));
  expect(agent.standing.hours).toEqual({ hoursBeganAt: null, hoursBeginAt: Date.parse(`${opens}T09:00Z`) });
  const before = Date.now();
  await agent.carryOut(settings({}));
  expect(agent.standing.hours.hoursBeginAt).toBeNull();
  expect(agent.standing.hours.hoursBeganAt).toBeGreaterThanOrEqual(before);
});
