import { expect, test } from 'vitest';
import { z } from 'zod';
import { createRouter } from '../../../coordinator/http/router.ts';
import { jsonBody, json, route } from '../../../coordinator/http/route.ts';
import { Refusal } from '../../../coordinator/http/refusal.ts';
import { StorageFullError } from '../../../coordinator/storage/database.ts';
import type { Problem } from '../../../shared/protocol/rest/common.ts';
import { raw, serve } from './serve.ts';

const thing = z.strictObject({
  name: z.string().min(1).max(10),
  count: z.int().min(0).default(3),
  nested: z.strictObject({ list: z.array(z.enum(['a', 'b'])) }).optional(),
  extra: z.record(z.string(), z.json()).default({}),
});

function things() {
  const router = createRouter();
  router.openapi(
    route({
      method: 'post',
      path: '/things',
      access: 'public',
      summary: 'Echo',
      tags: ['Things'],
      maxBodyBytes: 10_000,
      request: { body: jsonBody(thing) },
      responses: { 200: json(thing, 'The thing') },
    }),
    (c) => c.json(c.req.valid('json'), 200),
  );
  router.openapi(
    route({
      method: 'get',
      path: '/things/{id}',
      access: 'public',
      summary: 'Fail',
      tags: ['Things'],
      request: {
        params: z.object({ id: z.string() }),
        query: z.strictObject({ limit: z.coerce.number().int().max(5).default(1) }),
      },
      responses: { 200: json(z.object({ limit: z.number() }), 'Never mind') },
    }),
    (c) => {
      const { id } = c.req.valid('param');
      if (id === 'boom') throw new Error('SELECT secret FROM /var/lib/secret');
      if (id === 'full') throw new StorageFullError('The disk is full: nothing was stored.');
      if (id === 'gone') throw new Refusal(409, 'gone_away', 'It went away. Ask again.');
      return c.json({ limit: c.req.valid('query').limit }, 200);
    },
  );
  router.openapi(
    route({
      method: 'get',
      path: '/mine',
      access: 'viewer',
      summary: 'Mine',
      tags: ['Things'],
      responses: { 200: json(z.object({}), 'ok') },
    }),
    (c) => c.json({}, 200),
  );
  return router;
}

const start = () => serve((app) => void app.route('/api', things()));

async function problemOf(response: Response): Promise<Problem> {
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  expect(response.headers.get('x-content-type-options')).toBe('nosniff');
  const body = (await response.json()) as Problem;
  expect(body.status).toBe(response.status);
  expect(body.instance).toBe(`urn:uuid:${response.headers.get('x-request-id')}`);
  return body;
}

const post = (url: string, body: RequestInit['body'], type: string | null = 'application/json') =>
  fetch(`${url}/api/things`, {
    method: 'POST',
    body,
    headers: type === null ? {} : { 'content-type': type },
    duplex: 'half',
  } as RequestInit);

test('a good body is validated, and its defaults are filled in', async () => {
  const { url } = await start();
  const response = await post(url, '{"name":"x"}', 'application/json; charset=utf-8');
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual({ name: 'x', count: 3, extra: {} });
});

test.each([
  ['{"name":', 400, 'malformed_json'],
  ['', 422, 'validation_failed'],
  [Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]), 400, 'invalid_utf8'],
  ['[]', 422, 'validation_failed'],
  ['null', 422, 'validation_failed'],
  ['{"name":"x","__proto__":{"admin":true}}', 422, 'validation_failed'],
  ['{"name":"x","extra":{"\\u005f\\u005fproto__":{"admin":true}}}', 422, 'validation_failed'],
  ['{"name":"x","__proto__":', 400, 'malformed_json'],
])('the body %j is answered %i %s', async (body, status, code) => {
  const { url } = await start();
  const response = await post(url, body);
  expect(response.status).toBe(status);
  expect((await problemOf(response)).code).toBe(code);
});

test('a text that only mentions __proto__ is an ordinary text', async () => {
  const { url } = await start();
  expect((await post(url, '{"name":"__proto__"}')).status).toBe(200);
});

test('every bad field is named, with what to do', async () => {
  const { url } = await start();
  const response = await post(
    url,
    JSON.stringify({ count: 'many', colour: 'red', nested: { list: ['a', 'z'], size: 1 } }),
  );
  expect(response.status).toBe(422);
  const { errors } = await problemOf(response);
  expect(errors).toEqual([
    { field: 'name', message: 'is required (string)' },
    { field: 'count', message: expect.stringMatching(/^must be (int|number), not string$/) as string },
    { field: 'nested.list[1]', message: 'must be one of "a"|"b"' },
    { field: 'nested.size', message: 'is not known here; remove it, or check its spelling' },
    { field: 'colour', message: 'is not known here; remove it, or check its spelling' },
  ]);
});

test('unknown and bad query parameters are refused', async () => {
  const { url } = await start();
  const response = await fetch(`${url}/api/things/1?limit=x&size=3`);
  expect(response.status).toBe(422);
  expect((await problemOf(response)).errors?.map((error) => error.field)).toEqual(['limit', 'size']);
});

test('another content type is 415, also none at all', async () => {
  const { url } = await start();
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp', null]) {
    const response = await post(url, type === null ? Buffer.from('{"name":"x"}') : '{"name":"x"}', type);
    expect(response.status).toBe(415);
    expect((await problemOf(response)).code).toBe('unsupported_media_type');
  }
});

test('a body over its limit is 413, whether its length is told, chunked, or lied about', async () => {
  const { url, server } = await start();
  const big = JSON.stringify({ name: 'x', extra: { a: 'y'.repeat(20_000) } });
  expect((await problemOf(await post(url, big))).code).toBe('too_large');
  const chunked = new ReadableStream({
    start(controller) {
      for (let at = 0; at < big.length; at += 1000) controller.enqueue(Buffer.from(big.slice(at, at + 1000)));
      controller.close();
    },
  });
  const response = await post(url, chunked);
  expect(response.status).toBe(413);
  await problemOf(response);
  const both = await raw(server.port, [
    'POST /api/things HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nconnection: close\r\n',
    'content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n4e20\r\n',
    'y'.repeat(0x4e20),
    '\r\n0\r\n\r\n',
  ]);
  expect(both).toMatch(/^HTTP\/1\.1 (400|413)/);
});

test('a body in far too many small pieces is 413 long before its limit of bytes', async () => {
  const { server } = await serve((app) => void app.route('/', things()));
  const head =
    'POST /things HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n';
  const shreds = (count: number) => `${'1\r\n \r\n'.repeat(count)}0\r\n\r\n`;
  // Read whole, and found to be no JSON.
  expect(await raw(server.port, [head + shreds(5000)])).toMatch(/^HTTP\/1\.1 400/);
  const router = createRouter();
  router.openapi(
    route({
      method: 'post',
      path: '/large',
      access: 'public',
      summary: 'Echo',
      tags: ['Things'],
      request: { body: jsonBody(thing) },
      responses: { 200: json(thing, 'The thing') },
    }),
    (c) => c.json(c.req.valid('json'), 200),
  );
  const large = await serve((app) => void app.route('/', router));
  const answer = await raw(large.server.port, [head.replace('/things', '/large') + shreds(30_000)]);
  expect(answer).toMatch(/^HTTP\/1\.1 413[^]*too_many_pieces/);
});

test('an error of ours is 500 without its text, and the log has it under the same id', async () => {
  const { url, log } = await start();
  const response = await fetch(`${url}/api/things/boom`);
  expect(response.status).toBe(500);
  const id = response.headers.get('x-request-id');
  const text = JSON.stringify(await problemOf(response));
  expect(text).not.toContain('secret');
  expect(log.find((line) => line.requestId === id && line.msg === 'a request failed')?.err).toMatchObject({
    message: 'SELECT secret FROM /var/lib/secret',
  });
});

test('a full disk is 507, a refusal keeps its code', async () => {
  const { url } = await start();
  const full = await fetch(`${url}/api/things/full`);
  expect(full.status).toBe(507);
  expect((await problemOf(full)).code).toBe('storage_full');
  const gone = await fetch(`${url}/api/things/gone`);
  expect(await problemOf(gone)).toMatchObject({
    status: 409,
    code: 'gone_away',
    title: 'Conflict',
    detail: 'It went away. Ask again.',
  });
});

test('unknown addresses are 404, wrong methods 405 with those that exist', async () => {
  const { url } = await start();
  expect((await problemOf(await fetch(`${url}/nowhere`))).code).toBe('not_found');
  const response = await fetch(`${url}/api/things/1`, { method: 'DELETE' });
  expect(response.status).toBe(405);
  expect(response.headers.get('allow')).toBe('GET, HEAD');
  await problemOf(response);
});

test('a request without a needed credential is 401 before its body is looked at', async () => {
  const { url } = await start();
  const response = await fetch(`${url}/api/mine`);
  expect(response.status).toBe(401);
  expect(response.headers.get('www-authenticate')).toContain('Bearer');
  expect((await problemOf(response)).code).toBe('unauthenticated');
});

test('a request that is no HTTP of ours is a problem too', async () => {
  const { server } = await start();
  const answer = await raw(server.port, ['GET /api/\\things HTTP/1.1\r\nhost: a b\r\nconnection: close\r\n\r\n']);
  expect(answer).toMatch(/^HTTP\/1\.1 400/);
  expect(answer).toContain('application/problem+json');
});

test('the log has one line for each request, without query and bodies', async () => {
  const { url, log } = await start();
  await (await fetch(`${url}/api/things/1?limit=2`)).text();
  await expect.poll(() => log.filter((line) => line.msg === 'request').length).toBe(1);
  expect(log.find((line) => line.msg === 'request')).toMatchObject({
    method: 'GET',
    path: '/api/things/1',
    status: 200,
  });
  expect(JSON.stringify(log)).not.toContain('limit=2');
});
