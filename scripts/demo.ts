/**
 * The demo: a coordinator and two workers of two slots on this machine, and the sample suite spread over them. Stays up, so that the report
 * can be looked at, until Ctrl-C; with `--once` it ends with the run's exit code.
 */
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { api, ended, makeToken, Programs, sampleSuite, type Coordinator } from './programs.ts';

const once = process.argv.includes('--once');
const WORKERS = 2;
const SLOTS = 2;
const PORT = 4800;

const folder = await mkdtemp(path.join(os.tmpdir(), 'playfleet-demo-'));
const programs = new Programs();
let interrupted = false;
const interruption = new Promise<void>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      interrupted = true;
      resolve();
    });
  }
});

try {
  process.exitCode = await demo();
} catch (error) {
  console.error(`The demo could not go on: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 2;
} finally {
  await programs.stopAll();
  await rm(folder, { recursive: true, force: true });
}

async function demo(): Promise<number> {
  console.log('Starting a coordinator and two workers on this machine …');
  const coordinator = await programs.startCoordinator(path.join(folder, 'coordinator'), { port: PORT });
  const workers: ChildProcess[] = [];
  for (let n = 1; n <= WORKERS; n++) {
    const dataDir = path.join(folder, `worker-${n}`);
    workers.push(await programs.startWorker(coordinator, { name: `demo-${n}`, slots: SLOTS, dataDir }));
  }
  await Promise.race([connected(coordinator), interruption, ...workers.map(diedEarly)]);
  if (interrupted) return 130;
  console.log(`${WORKERS} workers with ${WORKERS * SLOTS} slots are ready.`);
  const code = await ended(
    programs.startCli(coordinator, ['run', '--explain', '--name', 'Sample shop', '--project', 'sample-shop'], {
      cwd: sampleSuite,
    }),
  );
  if (once || interrupted) return code;
  const { link } = await makeToken(coordinator, 'admin_link');
  console.log(
    [
      '',
      `Look around (make an account):     ${link}`,
      `API reference:                     ${coordinator.url}/api/v1/reference`,
      '',
      'Run it again from another terminal:',
      `  cd ${path.relative(process.cwd(), sampleSuite)}`,
      `  PLAYFLEET_URL=${coordinator.url} PLAYFLEET_TOKEN=${coordinator.token} node ../../bin/playfleet.mjs run`,
      '',
      'Ctrl-C stops everything.',
    ].join('\n'),
  );
  await interruption;
  return code;
}

/** Resolves when all workers have launched their browsers and sent a heartbeat, which they do once they are connected. */
async function connected(coordinator: Coordinator): Promise<void> {
  while (!interrupted) {
    const { items } = await api<{ items: { metrics: object | null }[] }>(coordinator, 'GET', '/workers');
    if (items.filter((worker) => worker.metrics !== null).length === WORKERS) return;
    await pause(200);
  }
}

async function diedEarly(worker: ChildProcess): Promise<never> {
  throw new Error(`a worker ended with ${await ended(worker)} before it was ready`);
}
