import { createHash } from 'node:crypto';
import { WebSocket } from 'ws';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { CHAIN_START, checkChain } from '../../../shared/model/audit-chain.ts';
import type { AuditEntry } from '../../../shared/protocol/rest/audit.ts';
import { okJson, startCoordinator, type TestCoordinator } from '../../support/coordinator.ts';

async function entries(coordinator: TestCoordinator, query = ''): Promise<AuditEntry[]> {
  const answer = await coordinator.request('GET', `/api/v1/audit?order=oldest&limit=500${query}`);
  return (await okJson<{ items: AuditEntry[] }>(answer)).items;
}

const asBearer = (secret: string) => ({ authorization: `Bearer ${secret}` });

test('what people do with access, settings and machines is written down, with who and from where', async () => {
  const coordinator = await startCoordinator();
  const { workerId } = await coordinator.enrol('mill');
  const change = { max_parallel_test_runs: 3, slack_webhook_url: 'https://hooks.example.com/very-secret' };
  await okJson(await coordinator.request('PUT', '/api/v1/settings', change));
  await okJson(await coordinator.request('PATCH', `/api/v1/workers/${workerId}`, { intent: 'paused' }));
  await okJson(await coordinator.request('POST', `/api/v1/workers/${workerId}/rotate-key`));
  await okJson(await coordinator.request('DELETE', `/api/v1/workers/${workerId}`));
  const made = await okJson<{ id: string; token: string }>(
    await coordinator.request('POST', '/api/v1/tokens', { kind: 'api', name: 'ci', role: 'viewer' }),
  );
  await okJson(await coordinator.request('DELETE', `/api/v1/tokens/${made.id}`));
  const log = await entries(coordinator);
  expect(log.map((entry) => entry.action)).toEqual([
    'coordinator.first_start',
    'session.opened',
    'token.created',
    'worker.enrolled',
    'settings.changed',
    'worker.changed',
    'worker.key_rotated',
    'worker.removed',
    'token.created',
    'token.revoked',
  ]);
  expect(log[4]).toMatchObject({
    actor_name: 'test admin',
    address: '127.0.0.1',
    data: { max_parallel_test_runs: 3, slack_webhook_url: '(secret)' },
  });
  expect(log[8]).toMatchObject({ target: 'ci', data: { kind: 'api', role: 'viewer', expires: null } });
  expect(JSON.stringify(log)).not.toMatch(/very-secret|pf[ajtw]_/);
  expect(checkChain(CHAIN_START, log, (text) => createHash('sha256').update(text).digest('hex')).broken).toBeNull();
});

test('the log is filtered and paged', async () => {
  const coordinator = await startCoordinator();
  for (const name of ['a', 'b', 'c']) await coordinator.request('POST', '/api/v1/tokens', { kind: 'api', name });
  const created = await entries(coordinator, '&action=token.created');
  expect(created.map((entry) => entry.target)).toEqual(['a', 'b', 'c']);
  expect(
    await entries(coordinator, `&actor=${encodeURIComponent(created[0]!.actor)}&until=2001-01-01T00:00:00Z`),
  ).toEqual([]);
  expect(await entries(coordinator, '&since=2001-01-01T00:00:00Z')).toHaveLength(5);
  const first = await okJson<{ items: AuditEntry[]; next_cursor: string }>(
    await coordinator.request('GET', '/api/v1/audit?limit=2'),
  );
  const second = await okJson<{ items: AuditEntry[] }>(
    await coordinator.request('GET', `/api/v1/audit?limit=2&cursor=${first.next_cursor}`),
  );
  expect([...first.items, ...second.items].map((entry) => entry.seq)).toEqual([5, 4, 3, 2]);
  expect((await coordinator.request('GET', '/api/v1/audit?since=yesterday')).status).toBe(422);
});

test('who is refused is written down once, however often they try, and the rest is counted', async () => {
  const coordinator = await startCoordinator();
  const { apiKey } = await coordinator.enrol('mill');
  const unknown = asBearer(`pft_${'A'.repeat(43)}`);
  for (let n = 0; n < 500; n++) {
    const answer = await coordinator.request('GET', '/api/v1/test-runs', undefined, unknown);
    expect([401, 429]).toContain(answer.status);
  }
  expect((await coordinator.request('GET', '/api/v1/settings', undefined, asBearer(apiKey))).status).toBe(403);
  await fetch(`${coordinator.url}/api/v1/test-runs`);
  const socket = new WebSocket(`${coordinator.url.replace('http', 'ws')}/api/v1/link`, {
    headers: asBearer(coordinator.adminToken),
  });
  await once(socket, 'error');
  const denied = await entries(coordinator, '&action=access.denied');
  expect(denied.map((entry) => [entry.target, entry.data['status']])).toEqual(
    expect.arrayContaining([
      ['GET /api/v1/test-runs', 401],
      ['GET /api/v1/settings', 403],
      ['GET /api/v1/link', 403],
    ]),
  );
  expect(denied.length).toBeLessThanOrEqual(4);
  await coordinator.stop();
  const again = await startCoordinator({ again: coordinator });
  const counted = (await entries(again, '&action=access.denied')).slice(denied.length);
  expect(counted.reduce((sum, entry) => sum + Number(entry.data['repeated'] ?? 0), 0)).toBeGreaterThanOrEqual(499 - 3);
  expect(counted.length).toBeLessThanOrEqual(2);
});

test('the process log tells at every start where the audit log stands', async () => {
  const coordinator = await startCoordinator();
  await coordinator.stop();
  const again = await startCoordinator({ again: coordinator });
  const line = again.log.find((entry) => entry['msg'] === 'the audit log stands here');
  const head = await okJson<{ seq: number; hash: string }>(await again.request('GET', '/api/v1/audit/head'));
  expect(line).toMatchObject({ seq: head.seq, hash: head.hash });
  expect(head.seq).toBe(2);
});
