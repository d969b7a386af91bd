import { once } from 'node:events';
import pino from 'pino';
import { expect, test } from 'vitest';
import WebSocket from 'ws';
import { Refusal } from '../../../coordinator/http/refusal.ts';
import { createServer } from '../../../coordinator/http/server.ts';
import { systemClock } from '../../../shared/base/clock.ts';
import { MAX_FRAME_BYTES } from '../../../shared/protocol/link.ts';
import { raw, serve } from './serve.ts';

/** A server whose /slow answers when told to. */
async function startSlow() {
  const arrived = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  const served = await serve((app) => {
    app.get('/slow', async (c) => {
      arrived.resolve();
      await release.promise;
      return c.text('done');
    });
  });
  return { ...served, arrived: arrived.promise, release: release.resolve };
}

test('a stop lets the running request finish, and takes no new one', async () => {
  const { url, server, arrived, release } = await startSlow();
  const running = fetch(`${url}/slow`);
  await arrived;
  const stopped = server.stop(30_000);
  await expect(fetch(`${url}/slow`)).rejects.toThrow();
  release();
  const response = await running;
  expect(await response.text()).toBe('done');
  expect(response.headers.get('connection')).toBe('close');
  await stopped;
});

test('a stop cuts what has not ended in time', async () => {
  const { url, server, arrived } = await startSlow();
  const running = fetch(`${url}/slow`);
  const ended = expect(running).rejects.toThrow();
  await arrived;
  await server.stop(50);
  await ended;
});

test('a port in use is told at start', async () => {
  const { server } = await serve(() => undefined);
  const second = createServer({
    fetch: () => new Response(),
    host: '127.0.0.1',
    port: server.port,
    log: pino({ enabled: false }),
    clock: systemClock,
  });
  await expect(second).rejects.toMatchObject({ code: 'EADDRINUSE' });
});

async function startSockets() {
  const served = await serve(() => undefined);
  served.server.onUpgrade(
    '/link',
    async (request) => {
      if (request.headers.authorization !== 'Bearer good') throw new Refusal(401, 'unauthenticated', 'Show your key.');
      return 'someone';
    },
    (socket, who) => {
      socket.on('message', (data) => socket.send(`${who}: ${(data as Buffer).length}`));
    },
  );
  return { ...served, link: `ws://127.0.0.1:${served.server.port}/link` };
}

test('an upgrade is authenticated, and the socket is handed over', async () => {
  const { link, server } = await startSockets();
  const socket = new WebSocket(link, { headers: { authorization: 'Bearer good' } });
  await once(socket, 'open');
  socket.send('hello');
  const [answer] = (await once(socket, 'message')) as [Buffer];
  expect(answer.toString()).toBe('someone: 5');
  const closed = once(socket, 'close');
  await server.stop(5_000);
  expect((await closed)[0]).toBe(1001);
});

test('a refused upgrade is answered with a problem', async () => {
  const { link, server } = await startSockets();
  const socket = new WebSocket(link);
  const [error] = (await once(socket, 'error')) as [Error];
  expect(error.message).toContain('401');
  const head =
    'HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
  const elsewhere = await raw(server.port, [`GET /elsewhere ${head}`]);
  expect(elsewhere).toMatch(/^HTTP\/1\.1 404 Not Found/);
  expect(elsewhere).toContain('"code":"not_found"');
  expect(await raw(server.port, [`GET /link ${head}`])).toContain('"code":"unauthenticated"');
});

test('a frame over the limit ends the connection with 1009', async () => {
  const { link } = await startSockets();
  const socket = new WebSocket(link, { headers: { authorization: 'Bearer good' } });
  await once(socket, 'open');
  socket.send(Buffer.alloc(MAX_FRAME_BYTES + 1));
  expect((await once(socket, 'close'))[0]).toBe(1009);
});

test('a socket whose peer does not answer the close is cut after the grace', async () => {
  const { link, server } = await startSockets();
  const socket = new WebSocket(link, { headers: { authorization: 'Bearer good' } });
  await once(socket, 'open');
  socket.pause();
  await server.stop(50);
  socket.terminate();
});

test('what cannot be read as a request is answered with a problem, too', async () => {
  const { server } = await startSockets();
  const head = 'HTTP/1.1\r\nhost: x\r\nconnection: close';
  const long = await raw(server.port, [`GET /${'x'.repeat(20_000)} ${head}\r\n\r\n`]);
  expect(long).toMatch(/^HTTP\/1\.1 431 /);
  expect(long).toContain('"code":"headers_too_large"');
  const nonsense = await raw(server.port, ['nonsense\r\n\r\n']);
  expect(nonsense).toMatch(/^HTTP\/1\.1 400 /);
  expect(nonsense).toContain('application/problem+json');
});
