/**
 * Parity: the sample suite by plain `playwright test` and through Playfleet, as queue and as shards, on 1, 2 and 4 workers, must say the same
 * of every test: ids, outcomes, attempts, attachments. Prints a table, then one JSON line; exits 0 only where nothing differs.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { findBrowsers } from '../../src-main/agent/playwright/browsers.ts';
import { childEnvironment } from '../../src-main/agent/playwright/env.ts';
import { resolvePlaywright } from '../../src-main/agent/playwright/resolve-playwright.ts';
import { ended, Programs, sampleSuite } from '../../scripts/programs.ts';
import { differences, outlineOf, type JsonReport, type Outline } from './outline.ts';
import { agentsUser } from '../../src-main/agent/test-user.ts';

const WORKERS = [1, 2, 4];
/** Static runs are cut into more shards than workers, as teams do. */
const SHARDS_PER_WORKER = 2;

interface Row {
  how: string;
  workers: number;
  tests: number;
  differences: number;
  seconds: number;
}

const folder = await mkdtemp(path.join(os.tmpdir(), 'playfleet-parity-'));
const programs = new Programs();
try {
  const rows = await compare();
  console.table(rows);
  const holds = rows.every((row) => row.differences === 0 && row.tests > 0);
  console.log(JSON.stringify({ parity: rows, holds }));
  process.exitCode = holds ? 0 : 1;
} finally {
  await programs.stopAll();
  await rm(folder, { recursive: true, force: true });
}

async function compare(): Promise<Row[]> {
  const started = performance.now();
  const plain = await plainRun();
  const rows: Row[] = [row('plain', 1, plain, [], started)];
  const coordinator = await programs.startCoordinator(path.join(folder, 'coordinator'));
  for (const workers of WORKERS) {
    const from = WORKERS.filter((n) => n < workers).at(-1) ?? 0;
    for (let n = from + 1; n <= workers; n++) {
      await programs.startWorker(coordinator, { name: `w${n}`, slots: 1, dataDir: path.join(folder, `w${n}`) });
    }
    for (const how of ['queue', 'shards']) {
      const begun = performance.now();
      const out = path.join(folder, `${how}-${workers}`);
      const shards = how === 'shards' ? ['--shards', String(workers * SHARDS_PER_WORKER)] : [];
      const args = ['run', '--project', `parity-${how}`, '--report-dir', out, ...shards];
      const code = await ended(
        programs.startCli(coordinator, args, { cwd: sampleSuite, stdio: ['ignore', 'ignore', 'inherit'] }),
      );
      if (code !== 0 && code !== 1) throw new Error(`playfleet run ended with ${code}`);
      const ours = outlineOf(await readReport(path.join(out, 'report.json')));
      const found = differences(plain, ours);
      for (const sentence of found.slice(0, 20)) console.log(`${how}, ${workers} workers: ${sentence}`);
      rows.push(row(how, workers, ours, found, begun));
    }
  }
  return rows;
}

function row(how: string, workers: number, outline: Outline, found: string[], started: number): Row {
  const seconds = Math.round((performance.now() - started) / 1000);
  return { how, workers, tests: outline.tests.size, differences: found.length + outline.doubled.length, seconds };
}

async function plainRun(): Promise<Outline> {
  const file = path.join(folder, 'plain.json');
  // The suite may have its own installation beside ours.
  const playwright = resolvePlaywright(sampleSuite);
  const { env } = await findBrowsers({
    playwright,
    user: agentsUser,
    dataDir: path.join(folder, 'plain'),
    env: childEnvironment({ base: process.env, platform: process.platform }),
    allowSystemBrowser: true,
    install: [],
    onOutput: (text) => void process.stderr.write(text),
  });
  const args = [
    playwright.cli,
    'test',
    '--workers=2',
    '--reporter=json',
    `--output=${path.join(folder, 'plain-results')}`,
  ];
  const child = spawn(process.execPath, args, {
    cwd: sampleSuite,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, ...env, PLAYWRIGHT_JSON_OUTPUT_FILE: file },
  });
  await ended(child);
  const report = await readReport(file);
  if (report.errors.length > 0) throw new Error(`the plain run has errors: ${report.errors[0]?.message}`);
  return outlineOf(report);
}

async function readReport(file: string): Promise<JsonReport> {
  return JSON.parse(await readFile(file, 'utf8')) as JsonReport;
}
