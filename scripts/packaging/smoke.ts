/**
 * What an installed Playfleet must be able to do, tried with its own command: say its version, look at the machine, and carry a small suite
 * through a coordinator and a worker of its own to a green result.
 *
 * `npm run pack:smoke -- [--service] COMMAND…` does so with a command that is installed here, such as /usr/bin/playfleet. With --service, which
 * only administrators may, the worker then becomes a service of this machine, and is removed again.
 */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { api, ended, Programs, root, stop, type Coordinator } from '../programs.ts';

export type Command = readonly [string, ...string[]];

export interface Smoke {
  version: string;
  /** The Node that runs it, as `doctor` says. */
  node: string;
  /** Of `playfleet run` over the small suite: 0 = all passed. */
  exit_code: number;
  seconds: number;
}

interface Finding {
  name: string;
  result: 'ok' | 'failed' | 'skipped';
  detail: string;
}

/** What `doctor` must find well on any machine; browsers may be the system's own here. */
const LOOKED_AT = ['Node', 'git', 'Worker data', 'Coordinator', 'Workers'];

export interface SmokeOptions {
  /** PATH of the worker. */
  searchPath?: string;
  /** Also as a service of the machine. */
  service?: boolean;
}

/** @throws Error that says which step did not go as it must. */
export async function smoke(command: Command, options: SmokeOptions = {}): Promise<Smoke> {
  const { searchPath = process.env['PATH'] ?? '', service = false } = options;
  const folder = await mkdtemp(path.join(os.tmpdir(), 'playfleet-smoke-'));
  const programs = new Programs(command);
  try {
    const expected = (JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8')) as { version: string })
      .version;
    const version = (await output(command, ['--version'], folder)).trim();
    if (version !== expected) throw new Error(`--version says ${version}; this is ${expected}`);
    const suite = await smallSuite(path.join(folder, 'suite'));
    const started = performance.now();
    const coordinator = await programs.startCoordinator(path.join(folder, 'coordinator'));
    const dataDir = path.join(folder, 'worker');
    const env = { PATH: searchPath };
    const worker = await programs.startWorker(coordinator, { name: 'smoke', slots: 2, dataDir, env });
    const exit_code = await Promise.race([
      ended(programs.startCli(coordinator, ['run', '--project', 'smoke'], { cwd: suite })),
      ended(worker).then((code) => Promise.reject(new Error(`the worker ended with ${code} before the run did`))),
    ]);
    const seconds = Math.round((performance.now() - started) / 100) / 10;
    const node = await lookAround(command, folder, coordinator);
    if (service) {
      await stop(worker);
      await serve(command, folder, coordinator);
    }
    return { version, node, exit_code, seconds };
  } finally {
    await programs.stopAll();
    await rm(folder, { recursive: true, force: true });
  }
}

/** `doctor`, while coordinator and worker run. Returns the Node that it runs on. */
async function lookAround(command: Command, folder: string, { url, token }: Coordinator): Promise<string> {
  const env = { PLAYFLEET_URL: url, PLAYFLEET_TOKEN: token };
  const told = await output(command, ['doctor', '--json', '--data', path.join(folder, 'worker')], folder, env);
  const findings = JSON.parse(told) as Finding[];
  for (const wanted of LOOKED_AT) {
    const found = findings.find(({ name }) => name === wanted);
    if (found?.result !== 'ok') throw new Error(`doctor: ${wanted}: ${found?.detail ?? 'not looked at'}`);
  }
  return findings.find(({ name }) => name === 'Node')?.detail ?? '';
}

const SERVICE_MS = 120_000;

/** The enrolled worker, started by the system: it must come back to its coordinator, and be gone when it is removed. */
async function serve(command: Command, folder: string, coordinator: Coordinator): Promise<void> {
  const verb = (name: string): Promise<string> =>
    output(command, ['worker', name, '--system', '--data', path.join(folder, 'worker')], folder);
  const online = async (): Promise<boolean> => {
    const { items } = await api<{ items: { status: string }[] }>(coordinator, 'GET', '/workers');
    return items.some(({ status }) => status !== 'offline');
  };
  const until = async (wanted: boolean): Promise<void> => {
    for (const end = Date.now() + SERVICE_MS; (await online()) !== wanted; await pause(500)) {
      if (Date.now() > end)
        throw new Error(`the worker is not ${wanted ? 'online as a service' : 'gone with its service'}`);
    }
  };
  await until(false);
  try {
    console.log(await verb('install-service'));
    await until(true);
    console.log(await verb('service-status'));
  } finally {
    console.log(await verb('uninstall-service'));
  }
  await until(false);
}

/** Tests with a browser, without one, and with an attachment; the lock file of the sample suite, so that it installs as any suite does. */
async function smallSuite(folder: string): Promise<string> {
  const sample = path.join(root, 'resources/sample-suite');
  await mkdir(path.join(folder, 'tests'), { recursive: true });
  for (const name of ['package.json', 'package-lock.json']) await cp(path.join(sample, name), path.join(folder, name));
  await writeFile(
    path.join(folder, 'playwright.config.ts'),
    `export default { testDir: 'tests', projects: [{ name: 'chromium', use: { browserName: 'chromium' } }] };\n`,
  );
  await writeFile(
    path.join(folder, 'tests/small.spec.ts'),
    `import { expect, test } from '@playwright/test';
test('adds', () => expect(1 + 1).toBe(2));
test('draws', async ({ page }) => {
  await page.setContent('<h1>Playfleet</h1>');
  await expect(page.getByRole('heading')).toHaveText('Playfleet');
});
test('attaches', async ({}, info) => info.attach('note', { body: 'kept' }));
`,
  );
  return folder;
}

/** Standard output, whatever the exit code: `doctor` ends with 2 where anything at all is wrong. */
async function output(
  [program, ...before]: Command,
  args: string[],
  cwd: string,
  env: Record<string, string> = {},
): Promise<string> {
  const options = { cwd, env: { ...process.env, ...env } };
  return promisify(execFile)(program, [...before, ...args], options).then(
    ({ stdout }) => stdout,
    (error: Error & { code?: unknown; stdout?: string }) => {
      if (typeof error.code === 'number' && error.stdout) return error.stdout;
      throw error;
    },
  );
}

if (import.meta.main) {
  const words = process.argv.slice(2);
  const service = words[0] === '--service';
  const [program, ...before] = service ? words.slice(1) : words;
  if (program === undefined) throw new Error('say what to try, such as /usr/bin/playfleet');
  const done = await smoke([program, ...before], { service });
  console.log(JSON.stringify({ ...done, service, holds: done.exit_code === 0 }));
  process.exitCode = done.exit_code === 0 ? 0 : 1;
}
