/** What is open when a key ends, ends with it. */
import path from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { authentication } from '../../../coordinator/identity/authentication.ts';
import { Authenticator } from '../../../coordinator/identity/authenticator.ts';
import { createToken } from '../../../coordinator/identity/create-token.ts';
import { revokeToken } from '../../../coordinator/identity/revoke-token.ts';
import { migrations } from '../../../coordinator/storage/migrations.ts';
import { openDatabase } from '../../../coordinator/storage/open.ts';
import { CLOSE } from '../../../shared/protocol/link.ts';
import { okJson, startCoordinator } from '../../support/coordinator.ts';
import { tempFolder } from '../../support/folders.ts';
import { LinkWorker } from '../../support/link-worker.ts';
import { serve } from '../http/serve.ts';

test('a worker whose key a person replaces loses the connection that it opened with the old one', async () => {
  const coordinator = await startCoordinator();
  const worker = await LinkWorker.enrol(coordinator);
  await worker.connect();
  await okJson(await coordinator.request('POST', `/api/v1/workers/${worker.workerId}/rotate-key`));
  await vi.waitFor(() => expect(worker.closed).toEqual([{ code: CLOSE.keyRefused }]));
  await expect(worker.connect()).rejects.toThrow('401');
});

test('a link that was opened with a key and has not greeted yet ends with the key as well', async () => {
  const coordinator = await startCoordinator();
  const { workerId, apiKey } = await coordinator.enrol('mill');
  const socket = new WebSocket(`${coordinator.url.replace(/^http/, 'ws')}/api/v1/link`, {
    headers: { authorization: `Bearer ${apiKey}` },
  });
  onTestFinished(() => socket.terminate());
  const closed = new Promise<number>((resolve) => socket.on('close', resolve));
  await new Promise((resolve) => socket.on('open', resolve));
  await okJson(await coordinator.request('POST', `/api/v1/workers/${workerId}/rotate-key`));
  expect(await closed).toBe(CLOSE.keyRefused);
});

test('a worker that is removed has nothing any more: what it held waits for others', async () => {
  const coordinator = await startCoordinator();
  const worker = await LinkWorker.enrol(coordinator);
  await worker.connect();
  const body = { name: 'r', total_shards: 1, source: { type: 'path', path: '/x' } };
  await okJson(await coordinator.request('POST', '/api/v1/test-runs/create', body));
  const { taskId } = await worker.grant();
  await okJson(await coordinator.request('DELETE', `/api/v1/workers/${worker.workerId}`));
  const task = await okJson<{ status: string }>(await coordinator.request('GET', `/api/v1/tasks/${taskId}`));
  expect(task.status).toBe('pending');
});

test('a worker that replaces its key itself stays connected', async () => {
  const coordinator = await startCoordinator();
  const { workerId, apiKey } = await coordinator.enrol('mill');
  const worker = new LinkWorker(coordinator.url, workerId, apiKey, {});
  await worker.connect();
  const asWorker = { authorization: `Bearer ${apiKey}` };
  const made = await okJson<{ api_key: string }>(
    await coordinator.request('POST', `/api/v1/workers/${workerId}/rotate-key`, undefined, asWorker),
  );
  const own = { authorization: `Bearer ${made.api_key}` };
  expect((await coordinator.request('GET', `/api/v1/workers/${workerId}`, undefined, own)).status).toBe(200);
  expect(worker.closed).toEqual([]);
});

test('a worker that is removed loses its connection', async () => {
  const coordinator = await startCoordinator();
  const worker = await LinkWorker.enrol(coordinator);
  await worker.connect();
  await okJson(await coordinator.request('DELETE', `/api/v1/workers/${worker.workerId}`));
  await vi.waitFor(() => expect(worker.closed).toEqual([{ code: CLOSE.keyRefused }]));
  await expect(worker.connect()).rejects.toThrow('401');
});

test('an answer that goes on for long can find out that its token was revoked meanwhile', async () => {
  const clock = { now: () => 1_000_000, monotonic: () => 0, after: () => () => undefined };
  const report = (error: unknown) => {
    throw error;
  };
  const db = await openDatabase({ file: path.join(tempFolder(), 'playfleet.db'), migrations, clock, report });
  onTestFinished(() => db.close());
  const authenticator = new Authenticator({ db, clock, sessionIdleMs: () => 3_600_000, report });
  const wanted = { kind: 'api', name: 'wall screen', role: 'viewer', createdBy: 'me' } as const;
  const made = await db.write((w) => createToken(w, wanted, clock.now()));
  const { url } = await serve((app) => {
    app.use('*', authentication(authenticator, 'session'));
    app.get('/', async (c) => {
      const before = await c.var.stillKnown();
      const onRevoked = () => authenticator.forget();
      await db.write((w) =>
        revokeToken(
          w,
          made.id,
          { me: { kind: 'user', id: 'me', name: 'me', role: 'admin', teams: null, session: null }, onRevoked },
          clock.now(),
        ),
      );
      return c.json([before, await c.var.stillKnown()]);
    });
  });
  const answer = await fetch(url, { headers: { authorization: `Bearer ${made.secret}` } });
  expect(await answer.json()).toEqual([true, false]);
});
