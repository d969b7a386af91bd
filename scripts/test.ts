/** Runs the tests and ends with a line that says how many passed, failed and were skipped. Arguments go to vitest (a file, -t "name"). */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const folder = await mkdtemp(path.join(os.tmpdir(), 'playfleet-test-'));
const report = path.join(folder, 'report.json');

interface Report {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  /** A file that could not be loaded counts no tests, but is a failure. */
  testResults: { status: string; assertionResults: unknown[] }[];
}

const vitest = path.join(root, 'node_modules/vitest/vitest.mjs');
const args = [
  vitest,
  'run',
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${report}`,
  ...process.argv.slice(2),
];
const code = await new Promise<number>((resolve) => {
  spawn(process.execPath, args, { cwd: root, stdio: 'inherit' }).on('close', (status) => resolve(status ?? 1));
});
try {
  const found = JSON.parse(await readFile(report, 'utf8')) as Report;
  const unloaded = found.testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.length === 0,
  ).length;
  const skipped = found.numPendingTests + found.numTodoTests;
  console.log(`${found.numPassedTests} passed, ${found.numFailedTests + unloaded} failed, ${skipped} skipped`);
  process.exitCode = code;
} catch (error) {
  console.error(`The test run left no report: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = code === 0 ? 1 : code;
} finally {
  await rm(folder, { recursive: true, force: true });
}
