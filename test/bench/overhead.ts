/**
 * Overhead: the sample suite, bound by CPU and browsers, by Playfleet with one worker of two slots and by one `playwright test --workers=2`, taking
 * turns, each as wall time from the command to its end (report included) and as CPU time of everything that it used. Then what the
 * scheduling rules cost for 1,000 to 100,000 tests on 1,000 slots. `--pairs N` (default 5).
 */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { Explanation } from '../../shared/protocol/rest/explain.ts';
import { findBrowsers } from '../../src-main/agent/playwright/browsers.ts';
import { childEnvironment } from '../../src-main/agent/playwright/env.ts';
import { resolvePlaywright } from '../../src-main/agent/playwright/resolve-playwright.ts';
import { api, ended, Programs, sampleSuite, type Coordinator } from '../../scripts/programs.ts';
import { until } from '../faults/bench.ts';
import { costGrowth } from './cost-growth.ts';
import { agentsUser } from '../../src-main/agent/test-user.ts';

const AIM = { wall: 1.1, cpu: 1.1, growth: 2 };
/** Clock ticks of /proc/<pid>/stat per second; 100 on every Linux that Node supports. */
const TICKS_PER_SECOND = 100;
const SLOTS = 2;

interface Cost {
  wallS: number;
  cpuS: number;
}

if (process.platform !== 'linux') {
  console.log(JSON.stringify({ overhead: null, unmeasured: ['needs /proc: run it on Linux'], holds: false }));
  process.exit(1);
}
const { values } = parseArgs({ options: { pairs: { type: 'string', default: '5' } } });
const pairs = Number(values.pairs);
if (!Number.isInteger(pairs) || pairs < 1 || pairs > 50) {
  console.error('--pairs must be a whole number between 1 and 50');
  process.exit(2);
}
const folder = await mkdtemp(path.join(os.tmpdir(), 'playfleet-overhead-'));
const programs = new Programs();
try {
  const rows = await measure();
  console.table(rows);
  const wall = median(rows.map((row) => row.wall_ratio));
  const cpu = median(rows.map((row) => row.cpu_ratio));
  console.log(`Median of ${rows.length} pairs: wall ${wall}, CPU ${cpu} times plain Playwright (aim <= ${AIM.wall})`);
  const growth = costGrowth();
  console.table(growth);
  const perTest = growth.map((row) => row.us_per_test);
  const grown = round((perTest.at(-1) ?? 0) / (perTest[0] ?? 1));
  console.log(
    `A test costs the scheduling rules ${grown} times as much with 100,000 tests as with 1,000 (aim <= ${AIM.growth})`,
  );
  const holds = wall <= AIM.wall && cpu <= AIM.cpu && grown <= AIM.growth;
  console.log(JSON.stringify({ overhead: { wall, cpu, pairs: rows }, growth, grown, aim: AIM, holds }));
  process.exitCode = holds ? 0 : 1;
} finally {
  await programs.stopAll();
  await rm(folder, { recursive: true, force: true });
}

async function measure() {
  const coordinator = await programs.startCoordinator(path.join(folder, 'coordinator'));
  const worker = await programs.startWorker(coordinator, {
    name: 'overhead',
    slots: SLOTS,
    dataDir: path.join(folder, 'worker'),
  });
  await until(
    () => api<{ items: unknown[] }>(coordinator, 'GET', '/workers?status=idle'),
    ({ items }) => items.length === 1,
    'the worker',
  );
  const pids = [coordinator.process.pid ?? 0, worker.pid ?? 0];
  // Not counted: checkout, installation, transform caches, and what history teaches.
  await ours(coordinator, pids);
  const plainEnv = await plainEnvironment();
  await plain(plainEnv);
  const rows = [];
  for (let pair = 1; pair <= pairs; pair++) {
    const fleet = await ours(coordinator, pids);
    const alone = await plain(plainEnv);
    const row = {
      pair,
      ours_s: round(fleet.wallS),
      plain_s: round(alone.wallS),
      wall_ratio: round(fleet.wallS / alone.wallS),
      ours_cpu_s: round(fleet.cpuS),
      plain_cpu_s: round(alone.cpuS),
      cpu_ratio: round(fleet.cpuS / alone.cpuS),
      overhead_per_test_ms: Math.round(fleet.overheadMs),
    };
    console.log(JSON.stringify(row));
    rows.push(row);
  }
  return rows;
}

async function ours(coordinator: Coordinator, pids: readonly number[]): Promise<Cost & { overheadMs: number }> {
  const before = await cpuOf([process.pid, ...pids]);
  const began = performance.now();
  const code = await ended(
    programs.startCli(coordinator, ['run', '--project', 'overhead'], {
      cwd: sampleSuite,
      stdio: ['ignore', 'ignore', 'inherit'],
    }),
  );
  if (code !== 0 && code !== 1) throw new Error(`playfleet run ended with ${code}`);
  const wallS = (performance.now() - began) / 1000;
  const cpuS = (await cpuOf([process.pid, ...pids])) - before;
  const { items } = await api<{ items: { id: string }[] }>(coordinator, 'GET', '/test-runs?limit=1');
  const schedule = await api<Explanation>(coordinator, 'GET', `/test-runs/${items[0]?.id}/explain`);
  return { wallS, cpuS, overheadMs: schedule.overhead_per_test_ms ?? 0 };
}

async function plain(env: Record<string, string>): Promise<Cost> {
  const { cli } = resolvePlaywright(sampleSuite);
  const before = await cpuOf([process.pid]);
  const began = performance.now();
  const args = [cli, 'test', `--workers=${SLOTS}`, '--reporter=list,html', `--output=${path.join(folder, 'plain')}`];
  const html = { PLAYWRIGHT_HTML_OUTPUT_DIR: path.join(folder, 'html'), PLAYWRIGHT_HTML_OPEN: 'never' };
  const code = await ended(
    spawn(process.execPath, args, {
      cwd: sampleSuite,
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, ...env, ...html },
    }),
  );
  if (code !== 0 && code !== 1) throw new Error(`playwright test ended with ${code}`);
  const wallS = (performance.now() - began) / 1000;
  return { wallS, cpuS: (await cpuOf([process.pid])) - before };
}

async function plainEnvironment(): Promise<Record<string, string>> {
  const { env } = await findBrowsers({
    playwright: resolvePlaywright(sampleSuite),
    user: agentsUser,
    dataDir: path.join(folder, 'browsers'),
    env: childEnvironment({ base: process.env, platform: process.platform }),
    allowSystemBrowser: true,
    install: [],
    onOutput: (text) => void process.stderr.write(text),
  });
  return env;
}

/** Seconds of these processes and of all their descendants that have ended and were waited for. */
async function cpuOf(pids: readonly number[]): Promise<number> {
  let ticks = 0;
  for (const pid of pids) {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    const fields = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    for (const field of fields.slice(11, 15)) ticks += field;
  }
  return ticks / TICKS_PER_SECOND;
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
