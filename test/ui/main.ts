/**
 * The dashboard's tests, in a real browser against a real coordinator, workers and runs. What is given goes on to Playwright
 * (`-- runs.spec.ts -g filter`). Ends with one JSON line; exits 0 only where all that ran has passed. The report with screenshots and traces of
 * what failed lies in test-results/ui-report.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { root } from '../../scripts/programs.ts';

interface Stats {
  expected: number;
  unexpected: number;
  flaky: number;
  skipped: number;
  duration: number;
}

const folder = await mkdtemp(path.join(os.tmpdir(), 'playfleet-ui-'));
try {
  const report = path.join(folder, 'report.json');
  const cli = path.join(root, 'node_modules/@playwright/test/cli.js');
  const config = path.join(root, 'test/ui/playwright.config.ts');
  const child = spawn(
    process.execPath,
    [cli, 'test', '-c', config, '--reporter=list,json,html', ...process.argv.slice(2)],
    {
      cwd: root,
      stdio: 'inherit',
      env: {
        ...process.env,
        PLAYWRIGHT_JSON_OUTPUT_FILE: report,
        PLAYWRIGHT_HTML_OUTPUT_DIR: path.join(root, 'test-results/ui-report'),
        PLAYWRIGHT_HTML_OPEN: 'never',
      },
    },
  );
  const [code] = (await once(child, 'exit')) as [number | null];
  const stats = await readStats(report);
  const holds = code === 0 && stats !== null && stats.unexpected === 0 && stats.flaky === 0 && stats.expected > 0;
  console.log(JSON.stringify({ ui: stats, holds }));
  process.exitCode = holds ? 0 : 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}

/** null: Playwright came to no report. */
async function readStats(file: string): Promise<(Omit<Stats, 'duration'> & { seconds: number }) | null> {
  const text = await readFile(file, 'utf8').catch(() => null);
  if (text === null) return null;
  const { expected, unexpected, flaky, skipped, duration } = (JSON.parse(text) as { stats: Stats }).stats;
  return { expected, unexpected, flaky, skipped, seconds: Math.round(duration / 1000) };
}
