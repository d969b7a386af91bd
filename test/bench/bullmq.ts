/** The same no-op job through BullMQ and a redis-server on this machine, as the yardstick. Both are fetched by their package managers. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createConnection, createServer } from 'node:net';
import path from 'node:path';
import { ended } from '../../scripts/programs.ts';

const BULLMQ = 'bullmq@6.7.0';
const IOREDIS = 'ioredis@5';

interface BullMq {
  Queue: new (
    name: string,
    options: object,
  ) => {
    addBulk(jobs: { name: string; data: object; opts: object }[]): Promise<unknown>;
    close(): Promise<void>;
  };
  Worker: new (
    name: string,
    run: () => Promise<void>,
    options: object,
  ) => {
    on(event: 'completed', listener: () => void): void;
    close(force?: boolean): Promise<void>;
  };
}

export interface BullMqFigures {
  /** Jobs completed per second by one Worker that runs as many at once: its fastest shape. */
  pooled: number;
  /** The same by as many Workers with one job each: what a fleet of machines would be. */
  separate: number;
}

/** With `workers` jobs at once, or why it could not be measured. Redis keeps nothing on disk: its fastest. */
export async function measureBullMq(
  folder: string,
  jobs: number,
  workers: number,
): Promise<BullMqFigures | { why: string }> {
  const redis = findRedis();
  if (redis === null) return { why: 'redis-server is not here and could not be installed' };
  const bullmq = await installBullMq(folder);
  if (bullmq === null) return { why: `${BULLMQ} could not be installed` };
  const port = await anyPort();
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder];
  const server = spawn(redis, args, { stdio: 'ignore' });
  try {
    await listening(port);
    return {
      pooled: await measure(bullmq, port, jobs, { workers: 1, concurrency: workers }),
      separate: await measure(bullmq, port, jobs, { workers, concurrency: 1 }),
    };
  } finally {
    await end(server);
  }
}

async function measure(
  { Queue, Worker }: BullMq,
  port: number,
  jobs: number,
  { workers, concurrency }: { workers: number; concurrency: number },
): Promise<number> {
  const connection = { host: '127.0.0.1', port, maxRetriesPerRequest: null };
  const queue = new Queue('bench', { connection });
  const opts = { removeOnComplete: true };
  for (let done = 0; done < jobs; done += 1000) {
    await queue.addBulk(Array.from({ length: Math.min(1000, jobs - done) }, () => ({ name: 'noop', data: {}, opts })));
  }
  const started = performance.now();
  let completed = 0;
  const { promise, resolve } = Promise.withResolvers<void>();
  const consumers = Array.from(
    { length: workers },
    () => new Worker('bench', async () => undefined, { connection, concurrency }),
  );
  for (const consumer of consumers) {
    consumer.on('completed', () => {
      if (++completed === jobs) resolve();
    });
  }
  await promise;
  const perSecond = jobs / ((performance.now() - started) / 1000);
  await Promise.all(consumers.map((consumer) => consumer.close(true)));
  await queue.close();
  return perSecond;
}

function findRedis(): string | null {
  const places = ['/usr/bin/redis-server', '/usr/local/bin/redis-server', '/opt/homebrew/bin/redis-server'];
  const found = () => places.find((file) => existsSync(file)) ?? null;
  if (found() === null && process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    spawnSync('apt-get', ['update', '-qq'], { stdio: 'ignore' });
    spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'redis-server'], { stdio: 'ignore' });
  }
  return found();
}

async function installBullMq(folder: string): Promise<BullMq | null> {
  const place = path.join(folder, 'bullmq');
  await mkdir(place, { recursive: true });
  await writeFile(path.join(place, 'package.json'), '{"private":true}');
  const args = ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error', BULLMQ, IOREDIS];
  const done = spawnSync('npm', args, { cwd: place, stdio: ['ignore', 'ignore', 'inherit'] });
  if (done.status !== 0) return null;
  return createRequire(path.join(place, 'package.json'))('bullmq') as BullMq;
}

function anyPort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

async function listening(port: number): Promise<void> {
  for (let tries = 0; ; tries++) {
    const up = await new Promise<boolean>((resolve) => {
      const socket = createConnection(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false));
      socket.unref();
    });
    if (up) return;
    if (tries > 100) throw new Error('redis-server does not listen');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function end(server: ChildProcess): Promise<void> {
  const gone = ended(server);
  server.kill('SIGTERM');
  await gone;
}
