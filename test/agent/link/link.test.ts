import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../../shared/base/clock.ts';
import { LINK_PROTOCOL } from '../../../shared/protocol/link.ts';
import { Link, type LinkOptions } from '../../../src-main/agent/link/link.ts';
import type { AgentError } from '../../../src-main/agent/errors.ts';
import { API_KEY, FakeCoordinator } from '../../support/fake-coordinator.ts';
import { captureLog } from '../support.ts';

interface Rig {
  link: Link;
  seen: string[];
  lines: string[];
  refused: Promise<AgentError>;
}

function open(url: string, options: Partial<LinkOptions> = {}): Rig {
  const seen: string[] = [];
  const { log, lines } = captureLog();
  let refuse: (error: AgentError) => void;
  const refused = new Promise<AgentError>((resolve) => (refuse = resolve));
  const link = new Link({
    url,
    pin: null,
    apiKey: API_KEY,
    maxWaitMs: 500,
    clock: systemClock,
    random: Math.random,
    log,
    hello: () => ({
      type: 'hello',
      protocol: 1,
      agentVersion: '1',
      slots: 1,
      capabilities: {
        platform: 'linux',
        arch: 'x64',
        cpus: 1,
        memory_bytes: 1,
        browsers: {},
        platform_version: '',
        cpu_model: '',
        disk_free_bytes: null,
        missing_browsers: {},
        displays: 0,
        node_version: '',
        fingerprint: null,
      },
      tags: [],
      held: [],
    }),
    onUp: () => seen.push('up'),
    onDown: () => seen.push('down'),
    onInstruction: (message) => seen.push(message.type),
    onRefused: (error) => refuse(error),
    onTooOld: () => seen.push('too old'),
    isStale: () => false,
    ...options,
  });
  onTestFinished(() => link.close());
  link.open();
  return { link, seen, lines, refused };
}

test('a broken link is opened again, and messages flow on the new one', async () => {
  const coordinator = await FakeCoordinator.start();
  const { link, seen } = open(coordinator.url);
  await coordinator.untilConnected();
  await coordinator.until(() => link.isUp);
  coordinator.breakLink();
  await coordinator.untilConnected(2);
  await coordinator.until(() => link.isUp);
  link.send({ type: 'offer', free: 1 });
  await coordinator.until(() => coordinator.received('offer').length === 1);
  expect(seen).toEqual(['up', 'down', 'up']);
});

test('while nobody answers it tries again for ever, at waits that grow to the limit and differ by chance', async () => {
  const coordinator = await FakeCoordinator.start();
  coordinator.refuseUpgrade = 503;
  const { lines } = open(coordinator.url, { maxWaitMs: 400 });
  await coordinator.until(() => coordinator.attempts.length >= 12);
  const waits = coordinator.attempts.slice(1).map((at, i) => Math.round(at - (coordinator.attempts[i] ?? 0)));
  for (const wait of waits) expect(wait).toBeGreaterThanOrEqual(120);
  const late = waits.slice(3);
  for (const wait of late) expect(wait).toBeGreaterThanOrEqual(195);
  expect(new Set(late).size).toBeGreaterThan(3);
  expect(lines.filter((line) => line.includes('"level":40'))).toHaveLength(1);
  coordinator.refuseUpgrade = null;
  await coordinator.untilConnected();
});

test('a revoked key ends the link, before the upgrade and later, with a message for the owner', async () => {
  const coordinator = await FakeCoordinator.start();
  const wrong = open(coordinator.url, { apiKey: 'another' });
  const error = await wrong.refused;
  expect(error.exitCode).toBe(3);
  expect(error.message).toContain("does not accept this worker's key");

  const revoked = open(coordinator.url);
  await coordinator.untilConnected();
  const before = coordinator.attempts.length;
  coordinator.send({ type: 'error', code: 'key_refused', message: 'the worker was removed by ann' });
  coordinator.closeLink(4401, 'key_refused');
  expect((await revoked.refused).message).toContain('the worker was removed by ann');
  await new Promise((resolve) => setTimeout(resolve, 700));
  expect(coordinator.attempts).toHaveLength(before);
  expect(`${wrong.lines.join('')}${revoked.lines.join('')}`).not.toContain(API_KEY);
});

test('a coordinator of another protocol is refused, whoever notices it', async () => {
  const coordinator = await FakeCoordinator.start();
  coordinator.welcome = { protocol: 99 };
  expect((await open(coordinator.url).refused).message).toContain(
    `speaks link protocol 99, this agent ${LINK_PROTOCOL}`,
  );
  coordinator.welcome = {};
  const old = open(coordinator.url);
  await coordinator.untilConnected(2);
  coordinator.closeLink(4426, 'protocol_too_old');
  expect((await old.refused).message).toContain('update the agent');
});

test('a frozen connection is noticed within ten seconds', async () => {
  const coordinator = await FakeCoordinator.start();
  const { seen } = open(coordinator.url);
  await coordinator.untilConnected();
  await coordinator.until(() => seen.length === 1);
  const frozen = performance.now();
  coordinator.freezeLink();
  await coordinator.until(() => seen.length === 3);
  expect(performance.now() - frozen).toBeLessThan(10_500);
  expect(seen).toEqual(['up', 'down', 'up']);
});

test('what is not understood is left out and said; the link stays', async () => {
  const coordinator = await FakeCoordinator.start();
  const { seen, lines } = open(coordinator.url);
  await coordinator.until(() => seen.includes('up'));
  coordinator.sendText('no json');
  coordinator.sendText('{"type":"cancel","taskId":"t"}');
  coordinator.sendText('{"type":"of the future"}');
  coordinator.send({ type: 'intent', intent: 'paused', reason: '' });
  await coordinator.until(() => seen.includes('intent'));
  expect(seen).toEqual(['up', 'intent']);
  expect(lines.filter((line) => line.includes('was not understood'))).toHaveLength(3);
});

test('a receipt comes when the coordinator has what was sent before, and never after a break', async () => {
  const coordinator = await FakeCoordinator.start();
  const { link } = open(coordinator.url);
  await coordinator.until(() => link.isUp);
  link.send({ type: 'offer', free: 3 });
  const receipt = await new Promise<boolean>((resolve) =>
    link.onceReceived(() => resolve(coordinator.received('offer').length === 1)),
  );
  expect(receipt).toBe(true);
  coordinator.freezeLink();
  let late = false;
  link.onceReceived(() => (late = true));
  link.reconnect('a test');
  await coordinator.untilConnected(2);
  expect(late).toBe(false);
});
