import { verify, createPublicKey } from 'node:crypto';
import path from 'node:path';
import { expect, test } from 'vitest';
import { systemClock } from '../../../shared/base/clock.ts';
import {
  STATEMENT_PURPOSE,
  type PromotionStatement,
  type StatementClaims,
} from '../../../shared/protocol/offline/promotion.ts';
import { HISTORY_PAGE, MOST_HISTORY, type WarmCopyPage } from '../../../shared/protocol/offline/warm-copy.ts';
import { readHistory } from '../../../coordinator/offline/read-copy.ts';
import { openDatabase } from '../../../coordinator/storage/open.ts';
import { okJson, startCoordinator, type TestCoordinator } from '../../support/coordinator.ts';
import { tempFolder } from '../../support/folders.ts';
import { LinkWorker } from '../../support/link-worker.ts';
import { readMigrations } from '../../support/migrations.ts';
import { PASSWORD, makeAdmin } from '../../support/people.ts';

const PIN = `pfp_${'A'.repeat(43)}`;

async function permitted(coordinator: TestCoordinator, permit: 'yes' | 'secrets' = 'yes') {
  const enrolled = await coordinator.enrol('laptop');
  await okJson(await coordinator.request('PUT', `/api/v1/workers/${enrolled.workerId}/warm-copy`, { permit }));
  return enrolled;
}

const ask = (coordinator: TestCoordinator, apiKey: string, query = '', headers: Record<string, string> = {}) =>
  fetch(`${coordinator.url}/api/v1/warm-copy${query}`, { headers: { authorization: `Bearer ${apiKey}`, ...headers } });

test('only a worker that an admin lets hold a copy gets one', async () => {
  const coordinator = await startCoordinator();
  const { workerId, apiKey } = await coordinator.enrol('laptop');
  const refused = await ask(coordinator, apiKey);
  expect(refused.status).toBe(409);
  expect(await refused.json()).toMatchObject({
    code: 'warm_copy_not_permitted',
    detail: expect.stringContaining('playfleet copies allow') as unknown,
  });
  expect((await ask(coordinator, coordinator.adminToken)).status).toBe(403);
  const maintainer = await okJson<{ token: string }>(
    await coordinator.request('POST', '/api/v1/tokens', { kind: 'api', name: 'm', role: 'maintainer' }),
  );
  const permit = (token: string) =>
    fetch(`${coordinator.url}/api/v1/workers/${workerId}/warm-copy`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ permit: 'yes' }),
    });
  expect((await permit(maintainer.token)).status).toBe(403);
  expect(await okJson(await permit(coordinator.adminToken))).toMatchObject({ warm_copy: { permit: 'yes', at: null } });
  const page = await okJson<WarmCopyPage>(await ask(coordinator, apiKey));
  expect(page).toMatchObject({ version: 1, anew: true, more: false });
  const { items } = await okJson<{ items: { action: string }[] }>(await coordinator.request('GET', '/api/v1/audit'));
  expect(items.map(({ action }) => action)).toEqual(expect.arrayContaining(['warm_copy.permitted', 'warm_copy.taken']));
  const worker = await okJson<{ warm_copy: { at: string } }>(
    await coordinator.request('GET', `/api/v1/workers/${workerId}`),
  );
  expect(Date.now() - Date.parse(worker.warm_copy.at)).toBeLessThan(60_000);
});

test('a copy holds what signing in offline needs, and nothing that opens what a stand-in has no business with', async () => {
  const coordinator = await startCoordinator();
  const person = await makeAdmin(coordinator);
  await okJson(
    await coordinator.request('PUT', '/api/v1/settings', {
      max_parallel_test_runs: 7,
      smtp_server: 'localhost',
      smtp_from: 'playfleet@example.com',
      smtp_password: 'very secret indeed',
    }),
  );
  await okJson(
    await coordinator.request('PUT', '/api/v1/projects/shop/secrets/default/API_KEY', { value: 'hunter22' }),
  );
  const { apiKey } = await permitted(coordinator);
  const { tables, secrets } = await okJson<WarmCopyPage>(await ask(coordinator, apiKey, '?secrets=yes'));
  expect(secrets).toBeUndefined();
  expect(tables.people).toMatchObject([
    { email: person.email, admin: 1, password_hash: expect.stringMatching(/^\$argon2id/) as unknown },
  ]);
  expect(tables.tokens?.map(({ kind }) => kind)).toEqual(['api']);
  expect(tables.settings).toEqual([expect.objectContaining({ key: 'max_parallel_test_runs', value: '7' })]);
  expect(tables.projects).toMatchObject([{ name: 'shop' }]);
  const whole = JSON.stringify(tables);
  for (const hidden of [PASSWORD, 'hunter22', 'very secret', 'playfleet@example.com'])
    expect(whole).not.toContain(hidden);
});

test('values of secrets go along where the permit and the machine want it', async () => {
  const coordinator = await startCoordinator();
  await okJson(
    await coordinator.request('PUT', '/api/v1/projects/shop/secrets/default/API_KEY', { value: 'hunter22' }),
  );
  const { apiKey } = await permitted(coordinator, 'secrets');
  expect((await okJson<WarmCopyPage>(await ask(coordinator, apiKey))).secrets).toBeUndefined();
  const asked = await okJson<WarmCopyPage>(await ask(coordinator, apiKey, '?secrets=yes'));
  expect(asked.secrets).toMatchObject([{ name: 'API_KEY', environment: 'default', value: 'hunter22' }]);
});

test('the next answer is of what has changed, and 304 where nothing has', async () => {
  const coordinator = await startCoordinator();
  const { apiKey } = await permitted(coordinator);
  const first = await ask(coordinator, apiKey);
  const etag = first.headers.get('etag') ?? '';
  const { hashes, cursor } = await okJson<WarmCopyPage>(first);
  const query = `?${new URLSearchParams({ have: JSON.stringify(hashes), cursor }).toString()}`;
  expect((await ask(coordinator, apiKey, query, { 'if-none-match': etag })).status).toBe(304);
  await okJson(await coordinator.request('PUT', '/api/v1/settings', { max_parallel_test_runs: 9 }));
  const next = await okJson<WarmCopyPage>(await ask(coordinator, apiKey, query, { 'if-none-match': etag }));
  expect(Object.keys(next.tables)).toEqual(['settings']);
  expect(next.anew).toBe(false);
  const bad = await ask(coordinator, apiKey, '?have=nonsense');
  expect(await bad.json()).toMatchObject({ status: 422, errors: [{ field: 'have' }] });
  const worse = await ask(coordinator, apiKey, '?cursor=nonsense');
  expect(await worse.json()).toMatchObject({ status: 422, errors: [{ field: 'cursor' }] });
});

test('history comes in bounded pages, each row once, the newest part of too much of it', async () => {
  const db = await openDatabase({
    file: path.join(tempFolder(), 'playfleet.db'),
    migrations: readMigrations(),
    clock: systemClock,
    report: (error) => {
      throw error as Error;
    },
  });
  const count = MOST_HISTORY + 2 * HISTORY_PAGE;
  await db.write(async (w) => {
    await w.run("INSERT INTO projects (id, key, name, team_id, created_at) VALUES ('p', 'p', 'shop', 'default', 0)");
    await w.run(
      `INSERT INTO test_history (project_id, test_id, runs, mean_ms, last_outcome, updated_at)
       SELECT 'p', printf('t%06d', value), 1, 5, 'expected', 1000 + value / 10 FROM (
         WITH RECURSIVE n (value) AS (SELECT 0 UNION ALL SELECT value + 1 FROM n WHERE value < ?) SELECT value FROM n)`,
      [count - 1],
    );
  });
  const seen = new Set<string>();
  let after: Parameters<typeof readHistory>[1] = null;
  for (let more = true; more;) {
    const page = await db.read((r) => readHistory(r, after, Number.MAX_SAFE_INTEGER));
    expect(page.rows.length).toBeLessThanOrEqual(HISTORY_PAGE);
    for (const { test_id } of page.rows) {
      expect(seen.has(test_id)).toBe(false);
      seen.add(test_id);
    }
    const last = page.rows.at(-1);
    if (last) after = { updatedAt: last.updated_at, projectId: last.project_id, testId: last.test_id };
    more = page.more;
  }
  expect(seen.has(`t${String(count - 1).padStart(6, '0')}`)).toBe(true);
  expect(seen.has('t000000')).toBe(false);
  expect(Math.abs(seen.size - MOST_HISTORY)).toBeLessThan(20);
  await db.close();
});

test('a worker learns at once that it may hold a copy, and gets the word of the coordinator that it may stand in', async () => {
  const coordinator = await startCoordinator();
  const { workerId, apiKey } = await coordinator.enrol('laptop');
  const worker = new LinkWorker(coordinator.url, workerId, apiKey, { protocol: 5 });
  await worker.connect();
  const before = await worker.next('offline');
  expect(before).toMatchObject({ copy: 'no', actsFor: null });
  await okJson(await coordinator.request('PUT', `/api/v1/workers/${worker.workerId}/warm-copy`, { permit: 'yes' }));
  const told = await worker.next('offline');
  expect(told).toMatchObject({ copy: 'yes', origin: before.origin });
  const answer = await fetch(`${coordinator.url}/api/v1/warm-copy/statement`, {
    method: 'POST',
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ pin: PIN }),
  });
  const { statement, sync } = await okJson<{ statement: PromotionStatement; sync: string | null }>(answer);
  expect(sync).toBe(null);
  const claims = JSON.parse(statement.claims) as StatementClaims;
  expect(claims).toMatchObject({
    origin: told.origin,
    pin: PIN,
    machine: { worker_id: worker.workerId, name: 'laptop' },
  });
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: told.signingKey }, format: 'jwk' });
  const signed = Buffer.from(STATEMENT_PURPOSE + statement.claims);
  expect(verify(null, signed, key, Buffer.from(statement.signature, 'base64url'))).toBe(true);
});

test('an ordinary coordinator shows no promotion, and cannot be demoted', async () => {
  const coordinator = await startCoordinator();
  expect((await fetch(`${coordinator.url}/api/v1/promotion`)).status).toBe(404);
  expect((await coordinator.request('POST', '/api/v1/offline/demotion', {})).status).toBe(404);
  const state = await okJson<{ promotion: null; copies: unknown[] }>(
    await coordinator.request('GET', '/api/v1/offline'),
  );
  expect(state).toMatchObject({ promotion: null, copies: [] });
});
