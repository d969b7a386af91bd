/** What is refused is tried by test/hostile/outbound.ts. Here: what gets through does so whole. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createOutbound, OutboundRefused } from '../../../coordinator/http/outbound.ts';

async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close().closeAllConnections());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const call = createOutbound({ privateHosts: () => ['127.0.0.1'] });

test('method, headers and body arrive, and so does the answer', async () => {
  const url = await serve((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      response.writeHead(
        201,
        [
          ['set-cookie', 'a=1'],
          ['set-cookie', 'b=2'],
          ['x-told', 'yes'],
        ].flat(),
      );
      response.end(
        [request.method, request.url, request.headers['content-type'], request.headers['x-own'], body].join(' '),
      );
    });
  });
  const answer = await call(`${url}/token?x=1`, {
    method: 'POST',
    headers: { 'x-own': 'own' },
    body: new URLSearchParams({ code: 'a b' }),
  });
  expect([answer.status, answer.headers.get('x-told'), answer.headers.getSetCookie()]).toEqual([
    201,
    'yes',
    ['a=1', 'b=2'],
  ]);
  expect(await answer.text()).toBe('POST /token?x=1 application/x-www-form-urlencoded;charset=UTF-8 own code=a+b');
});

test('redirects and answers without a body are answers', async () => {
  const url = await serve((request, response) => {
    if (request.url === '/gone') response.writeHead(204).end();
    else response.writeHead(302, { location: '/gone' }).end();
  });
  expect((await call(`${url}/gone`)).status).toBe(204);
  const redirect = await call(url);
  expect([redirect.status, redirect.headers.get('location')]).toEqual([302, '/gone']);
});

test('it can be given up, and a server that does not answer is an error', async () => {
  const arrived = Promise.withResolvers<void>();
  const url = await serve(() => arrived.resolve());
  const controller = new AbortController();
  const given = call(url, { signal: controller.signal });
  await arrived.promise;
  controller.abort();
  await expect(given).rejects.toThrow(/abort/i);
  await expect(call('http://127.0.0.1:1/')).rejects.toThrow(/ECONNREFUSED/);
});

test('a name that has no address, and one that nobody has allowed, are errors', async () => {
  const none = createOutbound({ privateHosts: () => [], lookup: () => Promise.resolve([]) });
  await expect(none('http://nowhere.example/')).rejects.toThrow(/has no address/);
  await expect(none('http://127.0.0.1:1/')).rejects.toThrow(OutboundRefused);
});
