import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import pino from 'pino';
import { expect, test } from 'vitest';
import { rotateKey } from '../../../coordinator/rotate-key.ts';
import { okJson, startCoordinator, type TestCoordinator } from '../../support/coordinator.ts';
import { ended, heldOf, LinkWorker, passed } from '../../support/link-worker.ts';
import type { Grant } from '../../../shared/protocol/work.ts';

const VALUE = 'corr3ct horse/battery+staple';
const SILENT = pino({ level: 'silent' });

interface Listed {
  items: { name: string; environment: string; readable: boolean; updated_by: string }[];
}

const put = (
  c: TestCoordinator,
  name: string,
  value: string,
  { project = 'shop', environment = 'default', ...rest } = {},
) => c.request('PUT', `/api/v1/projects/${project}/secrets/${environment}/${name}`, { value, ...rest });
const list = async (c: TestCoordinator) => okJson<Listed>(await c.request('GET', '/api/v1/projects/shop/secrets'));

async function startRun(c: TestCoordinator, more: object = {}): Promise<string> {
  const body = { name: 'r', project: 'shop', total_shards: 1, source: { type: 'path', path: '/x' }, ...more };
  return (await okJson<{ test_run_id: string }>(await c.request('POST', '/api/v1/test-runs/create', body))).test_run_id;
}

/** All bytes of the data folder, but for the key. */
function stored(c: TestCoordinator): string {
  return readdirSync(c.dataDir)
    .filter((name) => name.startsWith('playfleet.db'))
    .map((name) => readFileSync(path.join(c.dataDir, name), 'latin1'))
    .join('');
}

async function token(c: TestCoordinator, role: string): Promise<Record<string, string>> {
  const made = await okJson<{ token: string }>(
    await c.request('POST', '/api/v1/tokens', { kind: 'api', role, name: role }),
  );
  return { authorization: `Bearer ${made.token}` };
}

test('a secret is set, named and removed, and never answered, logged or stored as it is', async () => {
  const c = await startCoordinator();
  const answers = [
    await put(c, 'SHOP_PASSWORD', VALUE),
    await put(c, 'SHOP_PASSWORD', VALUE, { environment: 'staging' }),
  ];
  expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  for (const answer of answers) expect(await answer.text()).not.toContain('horse');
  expect((await list(c)).items).toMatchObject([
    { name: 'SHOP_PASSWORD', environment: 'default', readable: true, updated_by: 'test admin' },
    { name: 'SHOP_PASSWORD', environment: 'staging', readable: true },
  ]);
  const audit = await (await c.request('GET', '/api/v1/audit')).text();
  expect(audit).toContain('secret.set');
  for (const text of [stored(c), JSON.stringify(c.log), audit]) expect(text).not.toContain('horse');
  const gone = await c.request('DELETE', '/api/v1/projects/shop/secrets/staging/SHOP_PASSWORD');
  expect(gone.status).toBe(200);
  expect((await list(c)).items).toHaveLength(1);
  expect((await c.request('DELETE', '/api/v1/projects/shop/secrets/staging/SHOP_PASSWORD')).status).toBe(404);
  expect((await c.request('GET', '/api/v1/projects/nobody/secrets')).status).toBe(404);
});

test('only maintainers may set and list secrets, and bad ones name the field', async () => {
  const c = await startCoordinator();
  await put(c, 'A_SECRET', VALUE);
  for (const role of ['viewer', 'runner']) {
    const headers = await token(c, role);
    expect((await c.request('GET', '/api/v1/projects/shop/secrets', undefined, headers)).status).toBe(403);
    const body = { value: 'something' };
    expect((await c.request('PUT', '/api/v1/projects/shop/secrets/default/A', body, headers)).status).toBe(403);
  }
  for (const [answer, field] of [
    [await put(c, 'SHORT', 'abc'), 'value'],
    [await put(c, 'NODE_OPTIONS', VALUE), 'name'],
    [await put(c, 'X', VALUE, { environment: '..%2F' }), 'environment'],
  ] as const) {
    expect(answer.status).toBe(422);
    expect(((await answer.json()) as { errors: { field: string }[] }).errors[0]?.field).toContain(field);
  }
});

test('a leased task gets the secrets of its project and environment, by link and by REST; discovery only those that say so', async () => {
  const c = await startCoordinator();
  await put(c, 'SHOP_PASSWORD', VALUE);
  await put(c, 'LICENCE', 'needed-to-load', { in_discovery: true } as object);
  await put(c, 'SHOP_PASSWORD', 'that of staging', { environment: 'staging' });
  await put(c, 'OTHER', 'of another project', { project: 'bank' });
  const worker = await LinkWorker.enrol(c, { protocol: 4, slots: 5 });
  await worker.connect();
  const secretsOf = async (more: object) => {
    const id = await startRun(c, more);
    return (await worker.grant((grant) => grant.runId === id)).secrets;
  };
  expect(await secretsOf({})).toEqual({ SHOP_PASSWORD: VALUE, LICENCE: 'needed-to-load' });
  expect(await secretsOf({ environment: 'staging' })).toEqual({ SHOP_PASSWORD: 'that of staging' });
  expect(await secretsOf({ project: 'none' })).toBeUndefined();
  expect(await secretsOf({ total_shards: undefined })).toEqual({ LICENCE: 'needed-to-load' });
  worker.drop();

  const { apiKey } = await c.enrol('poller');
  const runId = await startRun(c);
  const headers = { authorization: `Bearer ${apiKey}` };
  const tasks = await okJson<{ items: { id: string }[] }>(await c.request('GET', `/api/v1/test-runs/${runId}/tasks`));
  const claim = await c.request('POST', `/api/v1/tasks/${tasks.items[0]?.id}/claim`, {}, headers);
  expect((await okJson<{ grant: Grant }>(claim)).grant.secrets).toEqual({
    SHOP_PASSWORD: VALUE,
    LICENCE: 'needed-to-load',
  });
  expect(stored(c)).not.toContain('horse');
});

test('an agent too old to hide secrets gets no task that has some, and the run says why', async () => {
  const c = await startCoordinator();
  await put(c, 'SHOP_PASSWORD', VALUE);
  const old = await LinkWorker.enrol(c, { protocol: 3 });
  await old.connect();
  const runId = await startRun(c);
  await expect
    .poll(
      async () =>
        (await okJson<{ reason: string | null }>(await c.request('GET', `/api/v1/test-runs/${runId}`))).reason,
    )
    .toMatch(/cannot hide secrets yet: update it/);
  expect(old.waiting('grant')).toBe(0);
});

test('what a worker reports is stored and shown without the secrets, in all their forms', async () => {
  const c = await startCoordinator();
  await put(c, 'SHOP_PASSWORD', VALUE);
  const worker = await LinkWorker.enrol(c, { protocol: 4 });
  await worker.connect();
  const runId = await startRun(c);
  const grant = await worker.grant();
  const forms = [
    VALUE,
    encodeURIComponent(VALUE),
    Buffer.from(VALUE).toString('base64'),
    Buffer.from(`u:${VALUE}`).toString('base64'),
  ];
  const told = forms.join(' | ');
  await worker.report({ kind: 'begin', ...heldOf(grant) });
  worker.say({ type: 'log', ...heldOf(grant), seq: 0, stream: 'stdout', text: `log ${told}` });
  const planned = {
    id: 't1',
    project: '',
    file: 'a.spec.ts',
    line: 1,
    column: 1,
    titlePath: [`title ${VALUE}`],
    tags: [],
    annotations: [],
    expectedStatus: 'passed' as const,
    timeout: 0,
    retries: 0,
  };
  await worker.report({
    kind: 'planned',
    ...heldOf(grant),
    playwrightVersion: '1',
    tests: [planned],
    supportingTestIds: [],
  });
  const results = passed(grant, ['t1']);
  if (results.kind !== 'results') throw new Error('not results');
  const attempt = {
    ...results.attempts[0]!,
    errors: [{ message: told, stack: told, snippet: told }],
    steps: [
      {
        title: told,
        category: 'x',
        startMs: 0,
        durationMs: 0,
        error: told,
        steps: [{ title: told, category: 'x', startMs: 0, durationMs: 0 }],
      },
    ],
    annotations: [{ type: 'note', description: told }],
    stdout: told,
    stderr: told,
  };
  await worker.report({ ...results, attempts: [attempt], errors: [{ message: told }] });
  const end = { how: 'crashed' as const, message: told, stack: told };
  await worker.report({ kind: 'finish', ...heldOf(grant), end: ended(end) });
  const shown = async () =>
    (
      await Promise.all(
        ['', '/logs', '/tests', '/tests/t1', '/tasks'].map(async (below) =>
          (await c.request('GET', `/api/v1/test-runs/${runId}${below}`)).text(),
        ),
      )
    ).join('\n') + (await (await c.request('GET', '/api/v1/events?limit=200')).text());
  await expect.poll(shown).toContain('log ***');
  await c.stop();
  for (const form of forms) expect(stored(c)).not.toContain(form);
});

test('values of variables are shown to maintainers only', async () => {
  const c = await startCoordinator();
  const runId = await startRun(c, { env: { API_URL: 'hidden-value' } });
  const as = async (role: string) => {
    const headers = await token(c, role);
    const texts = await Promise.all(
      [`/api/v1/test-runs/${runId}`, '/api/v1/test-runs', `/api/v1/results/${runId}`, '/api/v1/events?limit=200'].map(
        async (address) => (await c.request('GET', address, undefined, headers)).text(),
      ),
    );
    return texts.join('\n');
  };
  for (const role of ['viewer', 'runner']) {
    const seen = await as(role);
    expect(seen).toContain('API_URL');
    expect(seen).not.toContain('hidden-value');
  }
  expect(await as('maintainer')).toContain('hidden-value');
});

test('a value cannot be moved to another row', async () => {
  const c = await startCoordinator();
  await put(c, 'ONE', VALUE);
  await put(c, 'TWO', 'another value');
  await c.stop();
  await withDatabase(c.dataDir, (run) =>
    run(`UPDATE secrets SET sealed = (SELECT sealed FROM secrets WHERE name = 'ONE') WHERE name = 'TWO'`),
  );
  const again = await startCoordinator({ again: c });
  expect((await list(again)).items.map(({ name, readable }) => [name, readable])).toEqual([
    ['ONE', true],
    ['TWO', false],
  ]);
});

test('a new key opens what the old one sealed, and the old one nothing any more', async () => {
  const c = await startCoordinator();
  await put(c, 'SHOP_PASSWORD', VALUE);
  await c.request('PUT', '/api/v1/settings', { slack_webhook_url: 'https://hooks.example.com/x' });
  const keyFile = path.join(c.dataDir, 'secret.key');
  const old = readFileSync(keyFile);
  await expect(rotateKey(c.dataDir, SILENT)).rejects.toThrow(/Another coordinator is using/);
  await c.stop();
  expect(await rotateKey(c.dataDir, SILENT)).toBe(2);
  expect(readFileSync(keyFile).equals(old)).toBe(false);
  const again = await startCoordinator({ again: c });
  expect((await list(again)).items[0]?.readable).toBe(true);
  await again.stop();
  writeFileSync(keyFile, old);
  const wrong = await startCoordinator({ again: c });
  expect((await list(wrong)).items[0]?.readable).toBe(false);
});

test('a rotation that was killed leaves everything readable, before and after its commit', async () => {
  const c = await startCoordinator();
  await put(c, 'SHOP_PASSWORD', VALUE);
  await c.stop();
  const keyFile = path.join(c.dataDir, 'secret.key');
  writeFileSync(`${keyFile}.new`, randomBytes(32), { mode: 0o600 });
  const before = await startCoordinator({ again: c });
  expect((await list(before)).items[0]?.readable).toBe(true);
  expect(existsSync(`${keyFile}.new`)).toBe(false);
  await before.stop();
  const old = readFileSync(keyFile);
  await rotateKey(c.dataDir, SILENT);
  writeFileSync(`${keyFile}.new`, readFileSync(keyFile), { mode: 0o600 });
  writeFileSync(keyFile, old);
  const after = await startCoordinator({ again: c });
  expect((await list(after)).items[0]?.readable).toBe(true);
  expect(existsSync(`${keyFile}.new`)).toBe(false);
});

async function withDatabase(dataDir: string, change: (run: (sql: string) => void) => void): Promise<void> {
  const { default: Database } = await import('libsql');
  const db = new Database(path.join(dataDir, 'playfleet.db'));
  change((sql) => void db.exec(sql));
  db.close();
}
