import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { isInside } from '../../../coordinator/http/inside.ts';
import type { Problem } from '../../../shared/protocol/rest/common.ts';
import type { Setting } from '../../../shared/protocol/rest/settings.ts';
import { okJson, startCoordinator, type TestCoordinator } from '../../support/coordinator.ts';

async function read(coordinator: TestCoordinator): Promise<Record<string, Setting>> {
  const { items } = await okJson<{ items: Setting[] }>(await coordinator.request('GET', '/api/v1/settings'));
  return Object.fromEntries(items.map((item) => [item.key, item]));
}

const put = (coordinator: TestCoordinator, change: unknown) => coordinator.request('PUT', '/api/v1/settings', change);

test('the settings that the customer named have the customer’s defaults', async () => {
  const settings = await read(await startCoordinator());
  const values = Object.fromEntries(Object.entries(settings).map(([key, { value }]) => [key, value]));
  expect(values).toMatchObject({
    worker_heartbeat_timeout_seconds: 120,
    worker_heartbeat_interval_seconds: 60,
    task_timeout_default_seconds: 3600,
    task_max_retries: 2,
    unservable_timeout_seconds: 900,
    breaker_failures_in_row: 3,
    breaker_failure_percent: 50,
    breaker_window_seconds: 600,
    breaker_cooldown_seconds: 30,
    breaker_cooldown_limit_seconds: 600,
    poison_test_limit: 3,
    scheduler_enabled: true,
    load_balancer_strategy: 'least_loaded',
    report_retention_days: 90,
    log_retention_days: 30,
    max_parallel_test_runs: 10,
    rate_limit_reads_per_minute: 30_000,
    rate_limit_changes_per_minute: 30_000,
    rate_limit_transfers_per_minute: 120_000,
    rate_limit_worker_calls_per_minute: 120_000,
    rate_limit_anonymous_per_minute: 30_000,
    rate_limit_failed_sign_ins_per_minute: 100,
    slack_webhook_url: null,
    smtp_server: null,
    smtp_port: 587,
    smtp_from: null,
  });
  for (const setting of Object.values(settings)) {
    expect(setting.description).not.toBe('');
    expect(setting).toMatchObject({ is_set: false, updated_at: null, updated_by: null });
  }
  expect(settings.load_balancer_strategy?.options).toEqual([
    'least_loaded',
    'round_robin',
    'priority',
    'weighted',
    'resource_based',
    'hardware_aware',
  ]);
});

test('a change counts at once, is told of, outlives a restart, and can be taken back', async () => {
  const first = await startCoordinator();
  const change = { task_max_retries: 5, scheduler_enabled: false, worker_heartbeat_interval_seconds: 30 };
  await okJson(await put(first, change));
  expect((await read(first)).task_max_retries).toMatchObject({
    value: 5,
    default: 2,
    is_set: true,
    updated_by: 'test admin',
  });
  const worker = await first.enrol('box');
  const beat = await first.request(
    'PUT',
    `/api/v1/workers/${worker.workerId}/heartbeat`,
    {},
    { authorization: `Bearer ${worker.apiKey}` },
  );
  expect(await beat.json()).toMatchObject({ heartbeat_interval_seconds: 30 });
  const events = await okJson<{ items: { type: string; data: unknown }[] }>(
    await first.request('GET', '/api/v1/events?limit=100'),
  );
  expect(events.items.find((event) => event.type === 'settings.changed')?.data).toEqual({
    keys: ['scheduler_enabled', 'task_max_retries', 'worker_heartbeat_interval_seconds'],
    by: 'test admin',
  });
  await first.stop();
  const second = await startCoordinator({ again: first });
  expect((await read(second)).scheduler_enabled?.value).toBe(false);
  await okJson(await put(second, { scheduler_enabled: null }));
  expect((await read(second)).scheduler_enabled).toMatchObject({ value: true, is_set: false });
});

test.each([
  [{ task_max_retries: 21 }, 'task_max_retries', /at most 20/],
  [{ task_max_retries: 1.5 }, 'task_max_retries', /int/],
  [{ task_max_retries: '2' }, 'task_max_retries', /must be/],
  [{ scheduler_enabled: 'yes' }, 'scheduler_enabled', /must be boolean/],
  [{ load_balancer_strategy: 'random' }, 'load_balancer_strategy', /must be one of least_loaded/],
  [{ colour: 'red' }, 'colour', /is not known here/],
  [{ slack_webhook_url: '\0' }, 'slack_webhook_url', /https/],
  [{ slack_webhook_url: 'http://hooks.slack.com/x' }, 'slack_webhook_url', /https/],
  [{ slack_webhook_url: 'https://169.254.169.254/latest' }, 'slack_webhook_url', /into this network/],
  [{ slack_webhook_url: 'https://localhost/x' }, 'slack_webhook_url', /into this network/],
  [{ smtp_from: 'a@b.c\r\nBcc: all@b.c' }, 'smtp_from', /line breaks/],
  [{ smtp_server: 'mail\r\nhost' }, 'smtp_server', /host name/],
  [
    { worker_heartbeat_timeout_seconds: 60 },
    'worker_heartbeat_timeout_seconds',
    /must be more than worker_heartbeat_interval_seconds \(60\)/,
  ],
  [
    { worker_heartbeat_interval_seconds: 120 },
    'worker_heartbeat_interval_seconds',
    /must be less than worker_heartbeat_timeout_seconds \(120\)/,
  ],
  [
    { breaker_cooldown_seconds: 601 },
    'breaker_cooldown_seconds',
    /must be at most breaker_cooldown_limit_seconds \(600\)/,
  ],
  [
    { breaker_cooldown_limit_seconds: 29 },
    'breaker_cooldown_limit_seconds',
    /must be at least breaker_cooldown_seconds \(30\)/,
  ],
])('%j is refused for %s', async (change, field, message) => {
  const coordinator = await startCoordinator();
  const answer = await put(coordinator, { ...change, report_retention_days: 7 });
  expect(answer.status).toBe(422);
  const { errors } = (await answer.json()) as Problem;
  expect(errors?.map((error) => error.field)).toEqual([field]);
  expect(errors?.[0]?.message).toMatch(message);
  // All or nothing.
  expect((await read(coordinator)).report_retention_days?.value).toBe(90);
});

test('both heartbeat settings can be changed together past each other', async () => {
  const coordinator = await startCoordinator();
  await okJson(await put(coordinator, { worker_heartbeat_timeout_seconds: 10, worker_heartbeat_interval_seconds: 2 }));
  await okJson(
    await put(coordinator, { worker_heartbeat_interval_seconds: 600, worker_heartbeat_timeout_seconds: 1200 }),
  );
});

const HOOK = 'https://hooks.slack.com/services/T0/B0/sEcReTpArT';

test('a secret is written, never read, and lies sealed in the database', async () => {
  const coordinator = await startCoordinator();
  const answer = await put(coordinator, { slack_webhook_url: HOOK });
  expect(await answer.text()).not.toContain('sEcReTpArT');
  expect((await read(coordinator)).slack_webhook_url).toMatchObject({ value: null, is_set: true, secret: true });
  await coordinator.stop();
  const bytes = readFileSync(path.join(coordinator.dataDir, 'playfleet.db'));
  expect(bytes.includes('slack_webhook_url')).toBe(true);
  expect(bytes.includes('sEcReTpArT')).toBe(false);
  expect(JSON.stringify(coordinator.log)).not.toContain('sEcReTpArT');
});

test('the key file is for its owner only; with another key a secret counts as not set, and the log says so', async () => {
  const first = await startCoordinator();
  await okJson(await put(first, { slack_webhook_url: HOOK }));
  await first.stop();
  const file = path.join(first.dataDir, 'secret.key');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  rmSync(file);
  const second = await startCoordinator({ again: first });
  expect(JSON.stringify(second.log)).toContain('slack_webhook_url was sealed with another key');
  await second.stop();
  writeFileSync(file, 'short');
  await expect(startCoordinator({ again: first })).rejects.toThrow(/is not a key of 32 bytes/);
});

test('only people read and change settings', async () => {
  const coordinator = await startCoordinator();
  const { apiKey } = await coordinator.enrol('box');
  for (const method of ['GET', 'PUT']) {
    const body = method === 'PUT' ? {} : undefined;
    const asWorker = await coordinator.request(method, '/api/v1/settings', body, { authorization: `Bearer ${apiKey}` });
    expect(asWorker.status).toBe(403);
    const asNobody = await coordinator.request(method, '/api/v1/settings', body, { authorization: '' });
    expect(asNobody.status).toBe(401);
  }
});

test.each([
  ['127.0.0.1', true],
  ['10.1.2.3', true],
  ['172.31.255.255', true],
  ['172.32.0.1', false],
  ['192.168.1.1', true],
  ['169.254.169.254', true],
  ['0.0.0.0', true],
  ['[::1]', true],
  ['[::]', true],
  ['[fe80::1]', true],
  ['[fd00::1]', true],
  ['[::ffff:10.0.0.1]', true],
  ['[2606:4700::1111]', false],
  ['8.8.8.8', false],
  ['LOCALHOST', true],
  ['localhost.', true],
  ['printer.local', true],
  ['metadata.google.internal', true],
  ['intranet', true],
  ['hooks.slack.com', false],
])('an address at %s is inside this network: %s', (host, inside) => {
  expect(isInside(new URL(`https://${host}/`).hostname)).toBe(inside);
});
