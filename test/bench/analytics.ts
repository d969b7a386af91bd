/**
 * What figures over many results cost, on a coordinator whose database holds them.
 *   node test/bench/analytics.ts [results] [tests of a run]      default 1000000 4000
 * Writes a project whose runs end within 60 days on 40 machines: 3 % of the tests fail with one of 40 errors, 2 % are flaky. Then asks each
 * route over HTTP, cold (first) and again, and prints: milliseconds, CPU milliseconds of the process (client included), and the longest time for
 * which the event loop stood still, which is what everybody else waits. `roll-up`: what ending one run costs in its transaction.
 */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { registerHooks } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import pino from 'pino';
import { rollUp } from '../../coordinator/runs/roll-up.ts';
import type { Database, WriteHandle } from '../../coordinator/storage/database.ts';
import { openDatabase } from '../../coordinator/storage/open.ts';
import { systemClock } from '../../shared/base/clock.ts';
import { newId } from '../../shared/base/id.ts';
import { failureCluster } from '../../shared/model/failure-cluster.ts';

// Bundles hold .sql as text; here the coordinator runs from its sources, so that its event loop can be watched.
registerHooks({
  load: (url, context, next) =>
    url.endsWith('.sql')
      ? {
          format: 'module',
          shortCircuit: true,
          source: `export default ${JSON.stringify(readFileSync(new URL(url), 'utf8'))};`,
        }
      : next(url, context),
});
const { migrations } = await import('../../coordinator/storage/migrations.ts');
const { startCoordinator } = await import('../../coordinator/main.ts');

const RESULTS = Number(process.argv[2] ?? 1_000_000);
const TESTS = Number(process.argv[3] ?? 4_000);
const RUNS = Math.max(2, Math.round(RESULTS / TESTS));
const MACHINES = 40;
const ERRORS = 40;
const DAY_MS = 86_400_000;
const NOW = systemClock.now();
const FIRST = NOW - 60 * DAY_MS;

const report = (error: unknown, during: string) => console.error(during, error);
const folder = await mkdtemp(path.join(os.tmpdir(), 'playfleet-analytics-'));
try {
  const file = path.join(folder, 'playfleet.db');
  const db = await openDatabase({ file, migrations, clock: systemClock, report });
  const rolled = await fill(db);
  await db.close();
  console.log(
    `${RUNS} runs of ${TESTS} tests, ${RUNS * TESTS} results, ${Math.round((await stat(file)).size / 1024 ** 2)} MiB; load ${os.loadavg()[0]?.toFixed(1)} on ${os.availableParallelism()} CPUs`,
  );
  const sorted = rolled.sort((a, b) => a - b);
  console.log(
    `roll-up of a run: median ${sorted[sorted.length >> 1]?.toFixed(0)} ms, longest ${sorted.at(-1)?.toFixed(0)} ms`,
  );
  await ask(folder);
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function fill(database: Database): Promise<number[]> {
  const clusters = Array.from({ length: ERRORS }, (_, i) => failureCluster(messageOf(i)));
  await database.write(async (w) => {
    await w.run(
      `INSERT INTO projects (id, key, name, team_id, created_at) VALUES ('shop', 'shop', 'shop', 'default', ?)`,
      [FIRST],
    );
    for (const { id, title } of clusters)
      await w.run('INSERT OR IGNORE INTO clusters (id, title) VALUES (?, ?)', [id, title]);
    for (let i = 0; i < MACHINES; i++) {
      const machine = `machine-${i}`;
      await w.run(
        `INSERT INTO workers (id, hostname, ip_address, online, capabilities, key_hash, key_created_at, last_seen_at, created_at, speed)
         VALUES (?, ?, '127.0.0.1', 1, ?, ?, ?, ?, ?, 1.0)`,
        [
          machine,
          machine,
          JSON.stringify({
            platform: 'linux',
            arch: 'x64',
            cpus: 4,
            cpu_model: '',
            memory_bytes: 1,
            browsers: {},
            slots: 4,
          }),
          machine,
          FIRST,
          NOW,
          FIRST,
        ],
      );
      await w.event({ type: 'worker.online', workerId: machine, data: { worker: machine, slots: 4 } });
    }
  });
  const took: number[] = [];
  for (let number = 1; number <= RUNS; number++) {
    const at = Math.round(FIRST + ((NOW - FIRST - 600_000) * number) / RUNS);
    const runId = newId(at);
    await database.write((w) => addRun(w, { runId, number, at, clusters: clusters.map(({ id }) => id) }));
    const began = performance.now();
    await database.write((w) => rollUp(w, runId, 'shop', at + 300_000));
    took.push(performance.now() - began);
  }
  return took;
}

function messageOf(i: number): string {
  return `Error: expect(locator).toHaveText(expected) failed\n\nLocator: getByTestId('${'abcdefghij'[i % 10]}${'klmnopqrst'[Math.floor(i / 10)]}')\nReceived: "${i}"`;
}

async function addRun(
  w: WriteHandle,
  { runId, number, at, clusters }: { runId: string; number: number; at: number; clusters: string[] },
) {
  const ended = at + 300_000;
  await w.run(
    `INSERT INTO runs (id, number, project_id, name, kind, state, outcome, config, max_retries, task_timeout_ms, created_by, created_at, started_at,
       completed_at, tests_total, tests_settled, expected, unexpected, flaky, whole, metadata)
     VALUES (?, ?, 'shop', 'nightly', 'queue', 'completed', 'failed', '{"args":[],"env":{}}', 2, 3600000, 'bench', ?, ?, ?, ?, ?, ?, ?, ?, 1, ?)`,
    [
      runId,
      number,
      at,
      at,
      ended,
      TESTS,
      TESTS,
      TESTS - 200,
      120,
      80,
      JSON.stringify({ git: { branch: 'main', commit: String(number).padStart(40, '0') } }),
    ],
  );
  const fences: number[] = [];
  for (let i = 0; i < MACHINES; i++) {
    const taskId = `${runId}-${i}`;
    await w.run(
      `INSERT INTO tasks (id, run_id, seq, kind, state, max_retries, timeout_ms, created_at, completed_at) VALUES (?, ?, ?, 'units', 'completed', 2, 1, ?, ?)`,
      [taskId, runId, i, at, ended],
    );
    const row = await w.get<{ fence: number }>(
      `INSERT INTO task_attempts (task_id, attempt, worker_id, granted_at, ended_at, ended) VALUES (?, 1, ?, ?, ?, 'completed') RETURNING fence`,
      [taskId, `machine-${i}`, at, ended],
    );
    fences.push(row?.fence ?? 0);
  }
  await w.run(
    `WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?)
     INSERT INTO tests (run_id, test_id, no, unit_no, supporting, project, file, plan, outcome, fence, attempts, duration_ms, settled_at, cluster)
     SELECT ?, printf('%020d-%020d', i % 97, i), i, i, 0, iif(i % 2, 'chromium', 'firefox'), printf('area-%d/page-%d.spec.ts', i % 9, i % 97),
       json_object('titlePath', json_array('area ' || (i % 9), 'test number ' || i || ' does what it should'), 'line', i % 400, 'column', 3,
         'tags', json_array('@nightly'), 'annotations', json('[]'), 'expectedStatus', 'passed', 'timeout', 30000, 'retries', 1),
       iif(v < 3, 'unexpected', iif(v < 5, 'flaky', 'expected')), json(?) ->> (i % ?), 1, 500.0 + (i * 37) % 9000, ?,
       iif(v < 5, json(?) ->> ((i + ?) % ?), NULL)
     FROM (SELECT i, (i * 7919 + ? * 104729) % 100 AS v FROM n)`,
    [TESTS, runId, JSON.stringify(fences), MACHINES, ended, JSON.stringify(clusters), number, ERRORS, number],
  );
  await w.run(
    `INSERT INTO test_attempts (run_id, test_id, task_id, fence, retry, worker_id, status, started_at, duration_ms, received_at, detail)
     SELECT run_id, test_id, '', fence, 0, '', 'failed', 0, duration_ms, 0, json_object('errors', json_array(json_object('message', ?)),
       'steps', json('[]'), 'annotations', json('[]'), 'stdout', ?, 'stderr', '', 'attachments', json('[]'))
     FROM tests WHERE run_id = ? AND cluster IS NOT NULL`,
    [messageOf(number % ERRORS), 'a line of output that the test printed\n'.repeat(100), runId],
  );
}

async function ask(dataDir: string): Promise<void> {
  const config = {
    host: '127.0.0.1',
    port: 0,
    contentPort: 0,
    dataDir,
    publicUrl: null,
    tls: null,
    announce: false,
    newAdminLink: false,
    pluginsDir: null,
    logLevel: 'error' as const,
  };
  const running = await startCoordinator(config, '0.0.0-bench', pino({ level: 'error' }));
  try {
    const exchanged = await fetch(`${running.url}/api/v1/auth/exchange`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token: running.first?.adminLink.split('#token=')[1], name: 'bench' }),
    });
    const { token } = (await exchanged.json()) as { token: string };
    const all = `from=${new Date(FIRST - DAY_MS).toISOString()}`;
    const test = `${'0'.repeat(20)}-${'0'.repeat(20)}`;
    const rows: Record<string, unknown>[] = [];
    for (const [name, url, body] of [
      ['health', 'metrics/health'],
      ['performance', 'metrics/performance'],
      ['trends, 60 days', `metrics/trends?${all}&time_zone=Europe/Berlin`],
      ['flakiest, 30 days', 'projects/shop/tests'],
      ['flakiest, 60 days', `projects/shop/tests?${all}`],
      ['slowest, 500 of a page', `projects/shop/tests?sort=slow&limit=500&${all}`],
      ['history of a test', `projects/shop/tests/${test}?last=500`],
      ['worker use, 60 days', `metrics/workers?${all}`],
      ['failure patterns, 60 days', `metrics/failures?${all}`],
      ['failures of a run', `test-runs/${RUNS}/failures`],
      ['compare', `test-runs/${RUNS}/compare`],
      ['compare, 500 of a page', `test-runs/${RUNS}/compare?limit=500`],
      ['Markdown', `test-runs/${RUNS}/report.md`],
      ['screenshots', `test-runs/${RUNS}/screenshots`],
      ['suite', 'projects/shop/suite'],
      ['preview', 'projects/shop/preview', { grep: 'number 1', tags: ['nightly'] }],
      ['sources', 'projects/shop/sources'],
      ['tasks of a worker', 'workers/machine-1/tasks'],
    ] as const) {
      const once = () => measure(`${running.url}/api/v1/${url}`, token, body);
      const [first, again] = [await once(), await once()];
      rows.push({
        route: name,
        status: first.status,
        kB: first.kB,
        'first ms': first.ms,
        'first CPU ms': first.cpu,
        'longest stop ms': first.stop,
        'again ms': again.ms,
        'again CPU ms': again.cpu,
        'again stop ms': again.stop,
      });
    }
    console.table(rows);
  } finally {
    await running.stop();
  }
}

async function measure(url: string, token: string, body: object | undefined) {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const cpu = process.cpuUsage();
  const began = performance.now();
  delay.enable();
  const answer = await fetch(url, {
    method: body ? 'POST' : 'GET',
    headers: { authorization: `Bearer ${token}`, ...(body ? { 'content-type': 'application/json' } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const bytes = (await answer.arrayBuffer()).byteLength;
  const ms = performance.now() - began;
  await new Promise((resolve) => setImmediate(resolve));
  delay.disable();
  const { user, system } = process.cpuUsage(cpu);
  const rounded = (value: number) => Math.round(value * 10) / 10;
  return {
    status: answer.status,
    kB: Math.round(bytes / 1024),
    ms: rounded(ms),
    cpu: rounded((user + system) / 1000),
    stop: rounded(delay.max / 1e6),
  };
}
