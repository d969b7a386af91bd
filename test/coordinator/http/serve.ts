/** A real server around a small app, for the tests of this floor. */
import { connect } from 'node:net';
import pino from 'pino';
import { onTestFinished } from 'vitest';
import { createApp, type Router } from '../../../coordinator/http/router.ts';
import { createServer, type HttpServer } from '../../../coordinator/http/server.ts';
import { systemClock } from '../../../shared/base/clock.ts';

export interface Served {
  url: string;
  server: HttpServer;
  /** Lines of the log so far. */
  log: Record<string, unknown>[];
}

export async function serve(build: (app: Router) => void): Promise<Served> {
  const lines: Record<string, unknown>[] = [];
  const log = pino(
    { level: 'debug' },
    { write: (line: string) => lines.push(JSON.parse(line) as Record<string, unknown>) },
  );
  const app = createApp({ log, clock: systemClock });
  build(app);
  const server = await createServer({
    fetch: (request, env) => app.fetch(request, env),
    host: '127.0.0.1',
    port: 0,
    log,
    clock: systemClock,
  });
  onTestFinished(() => server.stop(0));
  return { url: `http://127.0.0.1:${server.port}`, server, log: lines };
}

/** Sends bytes as they are and reads all that comes back until the server closes. */
export async function raw(port: number, parts: readonly (string | Uint8Array)[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let text = '';
    socket.on('data', (chunk) => (text += chunk.toString()));
    socket.on('error', reject);
    socket.on('close', () => resolve(text));
    for (const part of parts) socket.write(part);
  });
}
