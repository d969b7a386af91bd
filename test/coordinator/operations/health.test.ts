import path from 'node:path';
import pino from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { createApp } from '../../../coordinator/http/router.ts';
import { createServer } from '../../../coordinator/http/server.ts';
import { healthRoutes } from '../../../coordinator/operations/health.ts';
import { StorageFullError, type Database } from '../../../coordinator/storage/database.ts';
import { systemClock } from '../../../shared/base/clock.ts';
import { startCoordinator } from '../../support/coordinator.ts';
import { tempFolder } from '../../support/folders.ts';

const NOTHING_LEFT_OUT = { metrics: 0, log_lines: 0, live_views: 0, requests: 0 };

test('a coordinator that works says so to anybody', async () => {
  const { url } = await startCoordinator();
  const alive = await fetch(`${url}/healthz`);
  expect(alive.status).toBe(200);
  expect(await alive.json()).toEqual({
    status: 'ok',
    version: '0.0.0-test',
    content_port: expect.any(Number) as number,
    uptime_seconds: expect.any(Number) as number,
    load: {
      state: 'normal',
      since: expect.stringContaining('T') as string,
      reasons: [],
      left_out: { metrics: 0, log_lines: 0, live_views: 0, requests: 0 },
    },
    backup_age_seconds: null,
  });
  const ready = await fetch(`${url}/readyz`);
  expect(ready.status).toBe(200);
  expect(await ready.json()).toEqual({ status: 'ready', checks: { database: 'ok', disk: 'ok' }, warnings: [] });
});

test('one that cannot write, or has no data folder any more, is not ready, and says which', async () => {
  const reported: string[] = [];
  const db = { write: () => Promise.reject(new StorageFullError('full')) } as unknown as Database;
  const log = pino({ enabled: false });
  const app = createApp({ log, clock: systemClock });
  const dataDir = path.join(tempFolder(), 'gone');
  app.route(
    '/',
    healthRoutes({
      db,
      clock: systemClock,
      version: '1',
      dataDir,
      contentPort: 4801,
      load: { facts: { level: 'normal', since: 0, reasons: [], leftOut: NOTHING_LEFT_OUT } },
      faults: () => [],
      backups: () => ({ lastGoodAt: null, warnings: [] }),
      report: (_, during) => reported.push(during),
    }),
  );
  const server = await createServer({
    fetch: (request, env) => app.fetch(request, env),
    host: '127.0.0.1',
    port: 0,
    log,
    clock: systemClock,
  });
  onTestFinished(() => server.stop(0));
  const answers = await Promise.all(Array.from({ length: 5 }, () => fetch(`http://127.0.0.1:${server.port}/readyz`)));
  expect(answers.map((answer) => answer.status)).toEqual([503, 503, 503, 503, 503]);
  expect(await answers[0]?.json()).toEqual({
    status: 'not_ready',
    checks: { database: 'failed', disk: 'failed' },
    warnings: [],
  });
  // Asked five times, looked once.
  expect(reported.sort()).toEqual(['looking at the free disk space', 'writing to the database']);
});
