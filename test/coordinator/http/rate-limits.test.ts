import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { networkOf } from '../../../coordinator/http/rate-limits.ts';
import type { Problem } from '../../../shared/protocol/rest/common.ts';
import { okJson, startCoordinator, type TestCoordinator } from '../../support/coordinator.ts';

const asBearer = (secret: string) => ({ authorization: `Bearer ${secret}` });

async function limit(coordinator: TestCoordinator, key: string, value: number | null): Promise<void> {
  await okJson(await coordinator.request('PUT', '/api/v1/settings', { [`rate_limit_${key}_per_minute`]: value }));
}

async function statuses(times: number, ask: () => Promise<Response>): Promise<Record<number, number>> {
  const counts: Record<number, number> = {};
  for (let n = 0; n < times; n++) {
    const answer = await ask();
    await answer.body?.cancel();
    counts[answer.status] = (counts[answer.status] ?? 0) + 1;
  }
  return counts;
}

test('who asks for too much is told when to come back; others and other kinds of requests go on', async () => {
  const coordinator = await startCoordinator();
  const ci = await okJson<{ token: string }>(
    await coordinator.request('POST', '/api/v1/tokens', { kind: 'api', name: 'ci' }),
  );
  await limit(coordinator, 'reads', 20);
  const read = (secret: string) => () => coordinator.request('GET', '/api/v1/test-runs', undefined, asBearer(secret));
  expect(await statuses(30, read(ci.token))).toEqual({ 200: 20, 429: 10 });
  const refused = await read(ci.token)();
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  expect((await refused.json()) as Problem).toMatchObject({ status: 429, code: 'too_many_requests' });
  expect((await read(coordinator.adminToken)()).status).toBe(200);
  const create = await coordinator.request(
    'POST',
    '/api/v1/test-runs/create',
    { name: 'r', total_shards: 1 },
    asBearer(ci.token),
  );
  expect(create.status).toBe(201);
  await limit(coordinator, 'reads', null);
  expect((await read(ci.token)()).status).toBe(200);
});

test('an address that guesses tokens is not listened to, but who has a token there goes on', async () => {
  const coordinator = await startCoordinator();
  const { apiKey, workerId } = await coordinator.enrol('mill');
  await limit(coordinator, 'failed_sign_ins', 10);
  const guess = () => coordinator.request('GET', '/api/v1/test-runs', undefined, asBearer(`pft_${'A'.repeat(43)}`));
  expect(await statuses(15, guess)).toEqual({ 401: 10, 429: 5 });
  const link = { token: `pfa_${'A'.repeat(43)}`, name: 'x' };
  expect((await coordinator.request('POST', '/api/v1/auth/exchange', link, { authorization: '' })).status).toBe(429);
  const own = await coordinator.request('GET', `/api/v1/workers/${workerId}`, undefined, asBearer(apiKey));
  expect(own.status).toBe(200);
  expect((await coordinator.request('GET', '/api/v1/test-runs')).status).toBe(200);
  expect(await upgrade(coordinator, asBearer(apiKey))).toBe(101);
  expect(await upgrade(coordinator, asBearer(`pfw_${'A'.repeat(43)}`))).toBe(429);
  expect((await fetch(`${coordinator.url}/healthz`)).status).toBe(200);
});

test('pages cannot open the link of the workers', async () => {
  const coordinator = await startCoordinator();
  const { apiKey } = await coordinator.enrol('mill');
  for (const origin of ['http://evil.example', coordinator.url, 'null']) {
    expect(await upgrade(coordinator, { ...asBearer(apiKey), origin })).toBe(403);
  }
});

test('addresses of one IPv6 network count as one client', () => {
  expect(networkOf('2001:db8:1:2:3:4:5:6')).toBe('2001:db8:1:2::/64');
  expect(networkOf('2001:db8:1:2::9')).toBe('2001:db8:1:2::/64');
  expect(networkOf('::1')).toBe('0:0:0:0::/64');
  expect(networkOf('2001:db8::1:0:0:9')).toBe('2001:db8:0:0::/64');
  expect(networkOf('::ffff:10.0.0.7')).toBe('10.0.0.7');
  expect(networkOf('10.0.0.7')).toBe('10.0.0.7');
});

function upgrade(coordinator: TestCoordinator, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`${coordinator.url.replace('http', 'ws')}/api/v1/link`, { headers });
    socket.on('open', () => {
      socket.close();
      resolve(101);
    });
    socket.on('unexpected-response', (request, answer) => {
      request.destroy();
      resolve(answer.statusCode ?? 0);
    });
    socket.on('error', reject);
  });
}
