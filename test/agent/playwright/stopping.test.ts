import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { bundled } from '../../../src-main/agent/playwright/bundled.ts';
import { childEnvironment } from '../../../src-main/agent/playwright/env.ts';
import { pidsWithEnvironment } from '../../../src-main/agent/playwright/process-table.ts';
import { resolvePlaywright } from '../../../src-main/agent/playwright/resolve-playwright.ts';
import { MARKER, sweep } from '../../../src-main/agent/playwright/sweep.ts';
import { systemClock, type Clock } from '../../../shared/base/clock.ts';
import { discover, emptyFolder, finish, start, writeSuite, type Running, type SuiteRun } from './inline-suite.ts';

/** A busy machine may need longer than the grace of a stop for what takes it a second otherwise. */
const patientClock: Clock = { ...systemClock, after: (ms, fn) => systemClock.after(ms * 20, fn) };

/** Starts a whole suite on one Playwright worker and waits until a test prints `text`. */
async function startUntil(
  suite: string,
  text: string,
  { env = {}, clock = systemClock }: Pick<SuiteRun, 'env' | 'clock'> = {},
): Promise<Running> {
  const testIds = (await discover(suite)).units.flatMap((unit) => unit.testIds);
  const running = await start(suite, { order: { kind: 'tests', testIds }, env, clock, args: ['--timeout=0'] });
  await running.until(({ output }) => output.includes(text));
  return running;
}

/** Processes whose command line has `text` in it: browsers name their profile folder, the others what we gave them. */
function processesWith(text: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(text);
    } catch {
      return false;
    }
  });
}

/** A suite that leaves all kinds of processes around a test that blocks its worker for good. */
async function stubbornSuite(): Promise<{ suite: string; trace: string }> {
  const trace = await emptyFolder();
  const suite = await writeSuite({
    'a.spec.ts': `import { test, chromium } from '@playwright/test';
import { spawn } from 'node:child_process';
const leave = (env) => spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', process.env.TRACE], { detached: true, stdio: 'ignore', env }).unref();
test('leaves things behind', async () => {
  leave(process.env);
  leave({});
  if (!process.env.WITH_BROWSER) return;
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--lang=' + process.env.TRACE] });
  const page = await browser.newPage();
  void page.evaluate(() => { for (;;); }).catch(() => {});
});
test('never yields', async () => { console.log('now stuck'); await new Promise((r) => setTimeout(r, 50)); for (;;); });
test('never begins', () => {});`,
  });
  return { suite, trace };
}

test('what is stuck, detached or out of its environment is gone after a stop', async () => {
  const { suite, trace } = await stubbornSuite();
  const running = await startUntil(suite, 'now stuck', { env: { TRACE: trace, WITH_BROWSER: '1', TMPDIR: trace } });
  expect(processesWith(trace).length).toBeGreaterThan(4);
  await running.process.stop('cancelled');
  expect(processesWith(trace)).toEqual([]);
  expect(pidsWithEnvironment(MARKER, running.process.marker)).toEqual([]);
  const done = await finish(running);
  expect(done.end).toMatchObject({ stopReason: 'cancelled', left: [] });
  expect(done.end.swept).toBeGreaterThan(1);
  expect(done.settled).toMatchObject([{ outcome: 'expected' }]);
});

test('when the main process is killed nothing survives it, and what was settled is known', async () => {
  const { suite, trace } = await stubbornSuite();
  const running = await startUntil(suite, 'now stuck', { env: { TRACE: trace } });
  expect(processesWith(trace)).toHaveLength(2);
  process.kill(running.process.pid, 'SIGKILL');
  const done = await finish(running);
  expect(processesWith(trace)).toEqual([]);
  expect(done.end).toMatchObject({
    exitCode: null,
    signal: 'SIGKILL',
    ended: null,
    blobFile: null,
    left: [],
    stopReason: null,
  });
  expect(done.settled).toMatchObject([{ outcome: 'expected' }]);
});

test('a stop lets finished results and the blob arrive', async () => {
  const suite = await writeSuite({
    'a.spec.ts': `import { test } from '@playwright/test';
test('done', () => {}); test('waits', () => { console.log('now waiting'); return new Promise(() => {}); }); test('later', () => {});`,
  });
  const running = await startUntil(suite, 'now waiting', { clock: patientClock });
  await running.process.stop('the lease was lost');
  const { end, attempts, settled } = await finish(running);
  expect(end).toMatchObject({ exitCode: 130, stopReason: 'the lease was lost', left: [] });
  expect(end.ended).toMatchObject({ status: 'interrupted', notRunReason: 'interrupted' });
  expect(end.ended?.notRun).toHaveLength(2);
  expect(attempts.map((attempt) => attempt.status)).toEqual(['passed', 'interrupted']);
  expect(settled).toHaveLength(1);
  expect(end.blobFile).not.toBeNull();
});

test('a hard stop after a soft one does not wait the soft one out', async () => {
  const suite = await writeSuite({
    'a.spec.ts': `import { test } from '@playwright/test'; test('blocks', async () => { console.log('now blocked'); await new Promise((r) => setTimeout(r, 50)); for (;;); });`,
  });
  const running = await startUntil(suite, 'now blocked');
  const started = systemClock.monotonic();
  const soft = running.process.stop('draining');
  await running.process.stop('cancelled', { hard: true });
  expect(systemClock.monotonic() - started).toBeLessThan(4500);
  await soft;
  expect((await finish(running)).end).toMatchObject({ stopReason: 'draining', signal: 'SIGKILL' });
});

test('tests go on when the agent is gone', async () => {
  const suite = await writeSuite({
    'playwright.config.ts': `export default { use: {} }`,
    'a.spec.ts': `import { test } from '@playwright/test'; import fs from 'node:fs';
for (const n of [1, 2, 3]) test('t' + n, async () => { fs.writeFileSync('ran-' + n, ''); console.log('t' + n); while (!fs.existsSync('go')) await new Promise((r) => setTimeout(r, 20)); });`,
  });
  const testIds = (await discover(suite)).tests.map((each) => each.id);
  const orderFile = path.join(suite, 'order.json');
  await writeFile(orderFile, JSON.stringify({ kind: 'tests', testIds }));
  const child = spawn(
    process.execPath,
    [resolvePlaywright(suite).cli, 'test', `--reporter=${bundled('reporter.cjs')},line`],
    {
      cwd: suite,
      env: { ...childEnvironment({ base: process.env, platform: process.platform }), PLAYFLEET_ORDER_FILE: orderFile },
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    },
  );
  onTestFinished(() => void child.kill('SIGKILL'));
  const exit = once(child, 'exit');
  let output = '';
  await new Promise<void>((resolve) =>
    child.stdout?.on('data', (data: Buffer) => {
      output += data.toString();
      if (output.includes('t1')) resolve();
    }),
  );
  child.disconnect();
  await writeFile(path.join(suite, 'go'), '');
  expect(await exit).toEqual([0, null]);
  expect((await readdir(suite)).filter((name) => name.startsWith('ran-'))).toHaveLength(3);
});

test('what an agent left behind is found by the marker alone', async () => {
  const trace = await emptyFolder();
  const marker = `task.${path.basename(trace)}`;
  const forever = `setInterval(() => {}, 1000)`;
  const script = `require('child_process').spawn(process.execPath, ['-e', '${forever}', '${trace}'], { env: {}, stdio: 'ignore' }); console.log('up'); ${forever}`;
  const child = spawn(process.execPath, ['-e', script, trace], {
    detached: true,
    env: { [MARKER]: marker },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  expect(processesWith(trace)).toHaveLength(2);
  expect(await sweep('task.other', systemClock)).toEqual({ killed: 0, left: [] });
  expect(await sweep(marker, systemClock)).toEqual({ killed: 2, left: [] });
  expect(processesWith(trace)).toEqual([]);
});
