/** `playfleet run` as a real process, in a pipe and in a pseudo-terminal, against a coordinator whose history the test writes. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { ZipFile } from 'yazl';
import { jsonLine, type JsonLine } from '../../src-main/cli/run/json-lines.ts';
import { tempFolder } from '../support/folders.ts';
import { CoordinatorDouble, problem, reply, RUN_ID, settledTest } from './support/coordinator-double.ts';
import { readScreen } from './support/screen.ts';
import { cliHome, startCli, type StartedCli, type StartOptions } from './support/start-cli.ts';

const CREATE = 'POST /api/v1/test-runs/create';
const CANCEL = `POST /api/v1/test-runs/${RUN_ID}/cancel`;

function suite(): string {
  const folder = tempFolder();
  writeFileSync(
    path.join(folder, 'package.json'),
    JSON.stringify({ name: 'shop', devDependencies: { '@playwright/test': '1' } }),
  );
  writeFileSync(path.join(folder, 'playwright.config.ts'), 'export default {};');
  mkdirSync(path.join(folder, 'tests'));
  writeFileSync(path.join(folder, 'tests/a.spec.ts'), '');
  return folder;
}

interface Started extends StartedCli {
  double: CoordinatorDouble;
}

/** Starts `playfleet run` and waits until it follows its run. */
async function startRun(args: string[] = [], options: Omit<StartOptions, 'cwd'> = {}): Promise<Started> {
  const double = await CoordinatorDouble.start();
  const env = { ...cliHome(), ...options.env, PLAYFLEET_URL: double.url, PLAYFLEET_TOKEN: 'pft_test' };
  const started = startCli(['run', ...args], { cwd: suite(), ...options, env });
  await Promise.race([double.followed(), started.exit]);
  return { ...started, double };
}

test('a run that passes ends with 0 and its addresses', async () => {
  const { double, exit, stdout, stderr } = await startRun(['tests/a.spec.ts', '--', '--grep', 'x y']);
  double.begin(2);
  double.settle([settledTest('one'), settledTest('two')]);
  double.end('passed');
  expect(await exit).toBe(0);
  expect(stderr()).toBe('');
  expect(stdout()).toContain('✓ Run #1 nightly passed');
  expect(stdout()).toContain(`Report   ${double.url}/c/signed/index.html`);
  expect(stdout()).not.toContain('\x1b');
  const created = double.bodies.find(({ path: at }) => at.endsWith('/create'));
  expect(created?.body).toMatchObject({
    project: 'shop',
    name: 'shop',
    config: { args: ['tests/a.spec.ts', '--grep=x y'] },
    source: { type: 'bundle', projectDir: '' },
  });
  expect(created?.headers).toMatchObject({
    authorization: 'Bearer pft_test',
    'idempotency-key': expect.stringMatching(/.{30}/) as string,
  });
});

test('a run with failures ends with 1, each failure in a line as it comes and whole at the end', async () => {
  const { double, exit, stdout, shows } = await startRun();
  double.begin(3);
  const failing = settledTest('cart › adds', { outcome: 'unexpected', attempts: 2 });
  double.settle([settledTest('one'), failing]);
  await shows(/^✕ \[chromium\] tests\/shop\.spec\.ts:12 › cart › adds: Error: expect\(received\)/m);
  const attempt = {
    retry: 0,
    counted: true,
    worker_id: 'w1',
    worker: 'mac-mini',
    task_id: 't1',
    started_at: '',
    duration_ms: 1,
    status: 'failed' as const,
  };
  const rest = { steps: [], annotations: [], stdout: '', stderr: '', attachments: [] };
  const errors = [{ message: 'Error: the whole message\nsecond line', snippet: '> 12 | expect(1)' }];
  double.details.set(failing.test_id, { ...double.tests[1]!, all_attempts: [{ ...attempt, ...rest, errors }] });
  double.settle([settledTest('wobbly', { outcome: 'flaky', attempts: 2 })]);
  double.end('failed');
  expect(await exit).toBe(1);
  expect(stdout()).toContain('     Error: the whole message\n     second line\n\n     > 12 | expect(1)');
  expect(stdout()).toContain('▲ Flaky: passed, but not at once');
  expect(stdout()).toMatch(/✓ 1 passed {2}✕ 1 failed {2}▲ 1 flaky/);
});

test('a run that nobody can serve says why at once, and one that could not be carried out ends with 2 and the reason', async () => {
  const { double, exit, stdout, shows } = await startRun();
  double.emit('run.created', { number: 1, name: 'nightly', kind: 'queue', total_shards: 0, created_by: 'me' });
  double.emit('run.reason', { reason: 'No worker has firefox: npx playwright install firefox' });
  await shows(/The run is pending: No worker has firefox: npx playwright install firefox/);
  double.state('failed', { reason: 'The suite cannot be loaded: SyntaxError' });
  double.run = { ...double.run, report: { state: 'failed', message: 'No test was planned' } };
  double.emit('report.state', { state: 'failed', message: 'No test was planned' });
  expect(await exit).toBe(2);
  expect(stdout()).toMatch(/could not be carried out.*\n {2}The suite cannot be loaded: SyntaxError/);
});

test('--json prints lines of the documented shapes, and nothing else', async () => {
  const { double, exit, stdout } = await startRun(['--json']);
  double.begin(2);
  double.settle([settledTest('one'), settledTest('bad', { outcome: 'unexpected' })]);
  double.end('failed');
  expect(await exit).toBe(1);
  const lines = stdout()
    .trimEnd()
    .split('\n')
    .map((line): JsonLine => jsonLine.parse(JSON.parse(line)));
  expect(lines.map((line) => line.type)).toEqual(
    expect.arrayContaining(['uploaded', 'created', 'progress', 'test', 'end']),
  );
  expect(lines.find((line) => line.type === 'created')).toMatchObject({ run_id: RUN_ID, number: 1, project: 'shop' });
  expect(lines.filter((line) => line.type === 'test')).toMatchObject([{ title: 'bad', outcome: 'unexpected' }]);
  expect(lines.at(-1)).toMatchObject({
    type: 'end',
    state: 'completed',
    outcome: 'failed',
    exit_code: 1,
    total: 2,
    passed: 1,
    failed: 1,
  });
});

test('a trouble is one line and the mend, with --json an object too', async () => {
  const double = await CoordinatorDouble.start();
  double.intercept = (_request, response) => {
    problem(response, 401, 'unauthenticated', 'Show a token that is known.');
    return true;
  };
  const env = { ...cliHome(), PLAYFLEET_URL: double.url };
  const refused = startCli(['run', '--json'], { cwd: suite(), env });
  expect(await refused.exit).toBe(2);
  expect(refused.stderr()).toMatch(/^playfleet: Show a token that is known\.\nLog in with the link/);
  expect(refused.stderr()).not.toContain('    at ');
  expect(jsonLine.parse(JSON.parse(refused.stdout()))).toMatchObject({ type: 'failure', exit_code: 2 });
  expect(double.requests).not.toContain(CREATE);

  const nowhere = startCli(['run'], { cwd: tempFolder(), env: { ...env, PLAYFLEET_TOKEN: 'x' } });
  double.intercept = () => false;
  expect(await nowhere.exit).toBe(2);
  expect(nowhere.stderr()).toMatch(/^playfleet: No Playwright project in /);

  const usage = startCli(['run', '--shards', 'many'], { cwd: suite(), env });
  expect(await usage.exit).toBe(2);
  expect(usage.stderr()).toBe('playfleet: --shards takes a whole number from 1 to 100000, not "many".\n');
});

test('PLAYFLEET_DEBUG shows where a trouble came from', async () => {
  const { exit, stderr } = startCli(['run'], { cwd: suite(), env: { ...cliHome(), PLAYFLEET_DEBUG: '1' } });
  expect(await exit).toBe(2);
  expect(stderr()).toMatch(/not logged in[\s\S]*\n {4}at /);
});

test('the first Ctrl-C cancels the run and waits for the confirmation', async () => {
  const { double, exit, stdout, interrupt } = await startRun();
  double.begin(5);
  double.settle([settledTest('one')]);
  interrupt();
  await double.requested(CANCEL);
  expect(await exit).toBe(130);
  expect(double.run.status).toBe('cancelled');
  expect(stdout()).toContain('Cancelling the run. Ctrl-C again leaves at once.');
  expect(stdout()).toContain('– Run #1 nightly cancelled');
  expect(stdout()).toContain('4 tests did not run');
});

test('the second Ctrl-C leaves at once, whatever the coordinator does', async () => {
  const { double, exit, interrupt } = await startRun();
  double.begin(5);
  double.intercept = (request) => request.url?.endsWith('/cancel') ?? false;
  interrupt();
  await double.requested(CANCEL);
  interrupt();
  expect(await exit).toBe(130);
});

test('a run that ended just before Ctrl-C keeps its verdict', async () => {
  const { double, exit, interrupt } = await startRun();
  double.begin(1);
  double.settle([settledTest('one')]);
  double.intercept = (request, response) => {
    if (!request.url?.endsWith('/cancel')) return false;
    double.run = { ...double.run, status: 'completed', outcome: 'passed' };
    problem(response, 409, 'run_final', 'Test run has already ended (completed)');
    return true;
  };
  interrupt();
  expect(await exit).toBe(0);
});

test('Ctrl-C before there is a run creates none', async () => {
  const double = await CoordinatorDouble.start();
  double.intercept = (request) => request.url?.endsWith('/blobs/missing') ?? false;
  const env = { ...cliHome(), PLAYFLEET_URL: double.url, PLAYFLEET_TOKEN: 'x' };
  const { exit, interrupt } = startCli(['run'], { cwd: suite(), env });
  await double.requested('POST /api/v1/blobs/missing');
  interrupt();
  expect(await exit).toBe(130);
  expect(double.requests).not.toContain(CREATE);
});

test('Ctrl-C while the run is being created cancels what was created', async () => {
  const double = await CoordinatorDouble.start();
  let answer = (): void => undefined;
  double.intercept = (request, response) => {
    if (!request.url?.endsWith('/create')) return false;
    answer = () =>
      response
        .writeHead(201, { 'content-type': 'application/json' })
        .end(JSON.stringify({ test_run_id: RUN_ID, number: 1, message: '' }));
    return true;
  };
  const env = { ...cliHome(), PLAYFLEET_URL: double.url, PLAYFLEET_TOKEN: 'x' };
  const { exit, interrupt, child } = startCli(['run'], { cwd: suite(), env });
  await double.requested(CREATE);
  interrupt();
  // The signal is there before the answer: the next request of the process comes after both.
  await new Promise((resolve) => setImmediate(resolve));
  expect(child.exitCode).toBeNull();
  answer();
  expect(await exit).toBe(130);
  expect(double.requests).toContain(CANCEL);
});

test('--detach leaves the run to itself', async () => {
  const double = await CoordinatorDouble.start();
  const env = { ...cliHome(), PLAYFLEET_URL: double.url, PLAYFLEET_TOKEN: 'x' };
  const { exit, stdout } = startCli(['run', '--detach', '--source', 'path'], { cwd: suite(), env });
  expect(await exit).toBe(0);
  expect(stdout()).toBe(`Run #1 shop: ${double.url}/api/v1/test-runs/${RUN_ID}\n`);
  expect(double.requests).not.toContain('GET /api/v1/events/stream');
});

test('--failed repeats what failed in the last run of this project, and takes nothing that would change it', async () => {
  const { double, exit, stdout } = await startRun(['--failed']);
  expect(double.requests).not.toContain('POST /api/v1/blobs/missing');
  double.begin(1);
  double.settle([settledTest('mended')]);
  double.end('passed');
  expect(await exit).toBe(0);
  expect(double.requests).not.toContain(CREATE);
  expect(double.bodies.find(({ path: at }) => at.endsWith('/retry'))?.body).toEqual({ only: 'failed' });
  expect(stdout()).toContain("Repeats what failed in run #1, in the workers' own folders");

  const env = { ...cliHome(), PLAYFLEET_URL: double.url, PLAYFLEET_TOKEN: 'x' };
  const refused = startCli(['run', '--failed', '--base-url', 'http://x'], { cwd: suite(), env });
  expect(await refused.exit).toBe(2);
  expect(refused.stderr()).toMatch(/^playfleet: --base-url does not go with --failed/);
  double.intercept = (request, response) =>
    Boolean(request.url?.startsWith('/api/v1/test-runs?')) && reply(response, 200, { items: [], next_cursor: null });
  const first = startCli(['run', '--failed'], { cwd: suite(), env });
  expect(await first.exit).toBe(2);
  expect(first.stderr()).toMatch(/^playfleet: There is no run of the project shop yet/);
});

test('--failed sends the files as they are now, and what git says of them, where the last run’s files travelled', async () => {
  const double = await CoordinatorDouble.start();
  const before = { commit: 'a'.repeat(40), branch: 'main', changed: false };
  double.run = {
    ...double.run,
    name: 'main aaaaaaaa',
    source: { type: 'bundle', tree: 'b'.repeat(64), projectDir: '' },
    metadata: { git: before },
  };
  const cwd = suite();
  for (const args of [
    ['init', '-q', '-b', 'topic'],
    ['add', '.'],
    ['commit', '-q', '-m', 'first'],
  ])
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], { cwd });
  const commit = execFileSync('git', ['rev-parse', 'HEAD'], { cwd }).toString().trim();
  const env = { ...cliHome(), PLAYFLEET_URL: double.url, PLAYFLEET_TOKEN: 'x' };
  const failed = startCli(['run', '--failed', '--detach'], { cwd, env });
  expect(await failed.exit, failed.stderr()).toBe(0);
  expect(failed.stdout()).toContain('with the files as they are now');
  expect(double.requests).toContain('POST /api/v1/blobs/missing');
  const asked = () => double.bodies.findLast(({ path: at }) => at.endsWith('/retry'))?.body as Record<string, unknown>;
  expect(asked()).toEqual({
    only: 'failed',
    source: { type: 'bundle', tree: expect.stringMatching(/^[0-9a-f]{64}$/) as string, projectDir: '' },
    name: `topic ${commit.slice(0, 8)}`,
    metadata: { git: { commit, branch: 'topic', changed: false, remote: null, prefix: '' } },
  });
  expect(asked().source).not.toMatchObject({ tree: 'b'.repeat(64) });

  double.run = { ...double.run, name: 'nightly' };
  expect(await startCli(['run', '--failed', '--detach'], { cwd, env }).exit).toBe(0);
  expect(asked()).not.toHaveProperty('name');
});

test('--report-dir puts the reports there, and only what belongs to them', async () => {
  const folder = path.join(tempFolder(), 'out');
  const { double, exit, stdout } = await startRun(['--report-dir', folder]);
  double.archive = await zipOf({
    'report.json': '{}',
    'report.xml': '<x/>',
    'html/index.html': '<html>',
    'html/data/a.png': 'png',
    'other/evil.sh': 'x',
  });
  double.begin(1);
  double.settle([settledTest('one')]);
  double.end('passed');
  expect(await exit).toBe(0);
  expect(stdout()).toContain(`Saved in ${folder}`);
  expect(readFileSync(path.join(folder, 'html/data/a.png'), 'utf8')).toBe('png');
  expect(readFileSync(path.join(folder, 'report.xml'), 'utf8')).toBe('<x/>');
  expect(() => readFileSync(path.join(folder, 'other/evil.sh'))).toThrow(/ENOENT/);
});

test('in a terminal of 80 columns nothing overflows, failures stay above, and the cursor comes back', async () => {
  const { double, exit, stdout, shows } = await startRun([], {
    terminal: { columns: 80, rows: 24 },
    env: { NO_COLOR: '1' },
  });
  double.begin(40);
  const long = 'a title that is long enough to need a second line in every terminal of this width › and then some';
  const ids = { worker_id: 'w1', task_id: 't1' };
  double.emit(
    'tests.running',
    { attempt: 1, running: [{ test_id: 'r', title: `${long}\x1b]0;evil\x07`, retry: 1 }] },
    ids,
  );
  double.settle([settledTest('one'), settledTest(long, { outcome: 'unexpected', error: `Error: ${long}\nmore` })]);
  await shows(/2 of 40 tests/);
  await shows(/◌ 0:0\d a title/);
  const during = readScreen(stdout(), 80);
  expect(during.overflowed).toEqual([]);
  expect(during.unknown).toEqual([]);
  expect(during.cursorHidden).toBe(true);
  const first = during.lines.findIndex((line) => line.startsWith('✕ [chromium]'));
  expect(during.lines[first + 1]).toMatch(/^ {4}Error: a title .*…$/);
  expect(during.lines.slice(first + 2).join('\n')).toMatch(
    /^◌ Run #1 shop {2}running {2}0:\d\d\n█+░+ 5 % {2}2 of 40 tests\n✓ 1 passed {2}✕ 1 failed\nmac-mini {2}1 of 4 slots {2}2 tests done\n {2}◌ 0:\d\d a title.*…/,
  );
  double.end('failed');
  expect(await exit).toBe(1);
  const after = readScreen(stdout(), 80);
  expect(after.cursorHidden).toBe(false);
  expect(after.lines.join('\n')).not.toContain('2 of 40 tests');
  expect(after.lines.join('\n')).toContain('✕ Run #1 nightly failed');
  expect(stdout()).not.toContain('evil');
});

test('Ctrl-C in a terminal cancels, shows the end and gives the cursor back', async () => {
  const { double, exit, stdout, interrupt } = await startRun([], { terminal: { columns: 100, rows: 30 } });
  double.begin(5);
  interrupt();
  await double.requested(CANCEL);
  expect(await exit).toBe(130);
  expect(readScreen(stdout(), 100).cursorHidden).toBe(false);
  expect(stdout()).toContain('cancelled');
});

test('a dumb terminal gets plain lines in ASCII', async () => {
  const { double, exit, stdout } = await startRun([], {
    terminal: { columns: 80, rows: 24 },
    env: { TERM: 'dumb', LC_ALL: 'C' },
  });
  double.begin(2);
  double.settle([settledTest('one › two'), settledTest('bad', { outcome: 'unexpected' })]);
  double.end('failed');
  expect(await exit).toBe(1);
  expect(stdout()).toContain('x [chromium] tests/shop.spec.ts:12 > bad');
  expect(stdout()).toMatch(/^[\x20-\x7e\r\n]*$/);
});

async function zipOf(files: Record<string, string>): Promise<Buffer> {
  const zip = new ZipFile();
  for (const [name, text] of Object.entries(files)) zip.addBuffer(Buffer.from(text), name);
  zip.end();
  const parts: Buffer[] = [];
  for await (const part of zip.outputStream as AsyncIterable<Buffer>) parts.push(part);
  return Buffer.concat(parts);
}
