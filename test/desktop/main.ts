/**
 * The desktop app in whole scenarios, on a double of Electron that is checked against Electron's own declarations, with the real agent, coordinator
 * and Playwright underneath; then with a real Electron, where there is one. What is given goes on to vitest (`-- first-run`). Says what ran and
 * what did not; ends with one JSON line, and exits 0 only where all that ran has passed.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { root } from '../../scripts/programs.ts';
import { electronBinary } from '../e2e/electron-binary.ts';

interface Report {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  testResults: { name: string; assertionResults: { fullName: string; status: string; duration?: number }[] }[];
}

const folder = await mkdtemp(path.join(os.tmpdir(), 'playfleet-desktop-'));
try {
  const started = performance.now();
  const scenarios = await runScenarios(path.join(folder, 'report.json'));
  const real = await runReal();
  const holds = scenarios !== null && scenarios.failed === 0 && scenarios.passed > 0 && real !== 'failed';
  const seconds = Math.round((performance.now() - started) / 1000);
  console.log(JSON.stringify({ desktop: scenarios, electron: real, seconds, holds }));
  process.exitCode = holds ? 0 : 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function runScenarios(file: string): Promise<{ passed: number; failed: number; skipped: number } | null> {
  const vitest = path.join(root, 'node_modules/vitest/vitest.mjs');
  const asked = process.argv.slice(2);
  const which = asked.length > 0 ? asked.map((one) => `test/desktop/${one}`) : ['test/desktop'];
  await end([vitest, 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${file}`, ...which]);
  const text = await readFile(file, 'utf8').catch(() => null);
  if (text === null) return null;
  const { numPassedTests, numFailedTests, numPendingTests, testResults } = JSON.parse(text) as Report;
  for (const { name, assertionResults } of testResults) {
    console.log(`\n${path.relative(path.join(root, 'test/desktop'), name)}`);
    for (const { fullName, status, duration = 0 } of assertionResults)
      console.log(`  ${status === 'passed' ? '✓' : '✕'} ${fullName} (${(duration / 1000).toFixed(1)} s)`);
  }
  return { passed: numPassedTests, failed: numFailedTests, skipped: numPendingTests };
}

/** Never called passed where it was not run. */
async function runReal(): Promise<'passed' | 'failed' | 'not run: no Electron binary'> {
  const binary = electronBinary();
  if (binary === null || !existsSync(binary)) {
    console.log('\nwith a real Electron: not run: no Electron binary (name one with ELECTRON_OVERRIDE_DIST_PATH)');
    return 'not run: no Electron binary';
  }
  const cli = path.join(root, 'node_modules/@playwright/test/cli.js');
  return (await end([cli, 'test', '-c', path.join(root, 'test/e2e/playwright.config.ts')])) === 0 ? 'passed' : 'failed';
}

async function end(args: string[]): Promise<number | null> {
  const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit' });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code;
}
