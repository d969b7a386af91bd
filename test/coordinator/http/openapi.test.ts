import { expect, test, vi } from 'vitest';
import { openApiDocument, type OpenApiDocument } from '../../../coordinator/http/openapi.ts';
import { createRouter } from '../../../coordinator/http/router.ts';
import { parseJson } from '../../../shared/base/parse-json.ts';
import { startCoordinator } from '../../support/coordinator.ts';

async function read(): Promise<OpenApiDocument> {
  const { url } = await startCoordinator();
  const answer = await fetch(`${url}/api/v1/openapi.json`);
  expect(answer.status).toBe(200);
  return (await answer.json()) as OpenApiDocument;
}

/** Asks again for as long as the coordinator is behind and says so: on a busy machine that is an answer, but not of this address. */
async function answerTo(ask: () => Promise<Response>): Promise<{ status: number; text: string }> {
  return vi.waitFor(
    async () => {
      const answer = await ask();
      const text = await answer.text();
      expect(parseJson(text)).not.toMatchObject({ code: 'overloaded' });
      return { status: answer.status, text };
    },
    { timeout: 60_000, interval: 500 },
  );
}

/** Every object in a JSON value. */
function* objects(value: unknown): Generator<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) yield value as Record<string, unknown>;
  for (const item of Object.values(value)) yield* objects(item);
}

test('the document has the endpoints that the customer fixed, and ours beside them', async () => {
  const { paths, openapi } = await read();
  expect(openapi).toBe('3.1.0');
  const has = Object.entries(paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method} ${path}`),
  );
  const api = (method: string, path: string) => `${method} /api/v1/${path}`;
  expect(has).toEqual(
    expect.arrayContaining([
      api('post', 'workers/register'),
      api('get', 'workers'),
      api('get', 'workers/{id}'),
      api('put', 'workers/{id}/heartbeat'),
      api('delete', 'workers/{id}'),
      api('get', 'tasks/next'),
      ...['claim', 'start', 'complete', 'fail', 'heartbeat'].map((verb) => api('post', `tasks/{id}/${verb}`)),
      api('post', 'test-runs/create'),
      api('get', 'test-runs'),
      api('get', 'test-runs/{id}'),
      api('get', 'test-runs/{id}/progress'),
      api('post', 'test-runs/{id}/cancel'),
      api('post', 'results/submit'),
      api('get', 'results/{test_run_id}'),
      api('get', 'results/{test_run_id}/download'),
      'get /healthz',
      'get /readyz',
    ]),
  );
});

test('each operation is whole: unique id, summary, group, access, declared path parameters, problems', async () => {
  const { paths } = await read();
  const ids = new Set<string>();
  for (const [path, operations] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      const where = `${method} ${path}`;
      expect(ids, where).not.toContain(operation.operationId);
      ids.add(operation.operationId);
      expect(operation.summary, where).not.toBe('');
      expect(operation.tags, where).toHaveLength(1);
      expect(operation.responses.default?.content, where).toHaveProperty('application/problem+json');
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
      expect(
        operation.parameters.filter((one) => one.in === 'path').map((one) => one.name),
        where,
      ).toEqual(inPath);
      const ways = { public: 0, worker: 2, person: 1 }[operation['x-access'] as string];
      expect(operation.security, where).toHaveLength(ways ?? (operation['x-access'].startsWith('worker or') ? 4 : 3));
    }
  }
  expect(ids.size).toBeGreaterThan(40);
});

test('all references lead somewhere, and nothing of zod’s own is left', async () => {
  const document = await read();
  let references = 0;
  for (const part of objects(document)) {
    expect(part).not.toHaveProperty('$defs');
    expect(part).not.toHaveProperty('$schema');
    if (typeof part.$ref !== 'string') continue;
    references += 1;
    expect(document.components.schemas).toHaveProperty(part.$ref.replace('#/components/schemas/', ''));
  }
  expect(references).toBeGreaterThan(40);
  expect(document.components.schemas.Worker).toMatchObject({ type: 'object' });
});

test('every operation of the document is served: none is answered 404 or 405 for its address', async () => {
  const coordinator = await startCoordinator();
  const { paths } = (await (await coordinator.request('GET', '/api/v1/openapi.json')).json()) as OpenApiDocument;
  for (const [path, operations] of Object.entries(paths)) {
    for (const method of Object.keys(operations)) {
      const address = path
        .replace('{sha256}', '0'.repeat(64))
        .replace('{format}', 'json')
        .replaceAll(/\{\w+\}/g, 'x');
      if (path.endsWith('/auth/logout') || path.endsWith('/events/stream')) continue;
      const body = method === 'get' || method === 'delete' ? undefined : {};
      const { status, text } = await answerTo(() => coordinator.request(method.toUpperCase(), address, body));
      expect(text, `${method} ${path}`).not.toContain('There is nothing at this address');
      expect(status, `${method} ${path}: ${text}`).not.toBe(405);
      expect(status, `${method} ${path}: ${text}`).toBeLessThan(500);
    }
  }
});

test('an app without routes has an empty document', () => {
  expect(openApiDocument(createRouter(), { version: '1', sessionCookie: 's' }).paths).toEqual({});
});
