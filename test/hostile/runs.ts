/** Real workers and real runs for attacks. */
import type { ChildProcess } from 'node:child_process';
import { chown, mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { root, type Programs } from '../../scripts/programs.ts';
import { good, type Target } from './attack.ts';

/** Files by name; the packages are our own. Resolves to its folder. */
export async function writeSuite(dir: string, files: Record<string, string>): Promise<string> {
  await mkdir(dir, { recursive: true });
  const all = { 'package.json': '{"private":true,"type":"module"}', ...files };
  for (const [name, text] of Object.entries(all)) await writeFile(path.join(dir, name), text);
  await symlink(path.join(root, 'node_modules'), path.join(dir, 'node_modules'), 'dir');
  return dir;
}

export interface WorkerWanted {
  name: string;
  slots: number;
  dataDir: string;
  /** Folders that runs may name. */
  suites: string[];
  projects: string[];
  /** Another user to run as; only root can. */
  uid?: number;
}

export async function startWorker(
  target: Target,
  programs: Programs,
  { name, slots, dataDir, suites, projects, uid }: WorkerWanted,
): Promise<ChildProcess> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  if (uid !== undefined) await chown(dataDir, uid, uid);
  const { PATH } = process.env;
  const args = [
    'worker',
    '--join',
    `${target.url}#${await target.joinToken()}`,
    '--name',
    name,
    '--slots',
    String(slots),
  ];
  const where = ['--data', dataDir, '--allow-system-browser', '--no-install', '--log-level', 'error'];
  const allowed = [
    ...suites.flatMap((one) => ['--allow-path', one]),
    ...projects.flatMap((one) => ['--allow-project', one]),
  ];
  return programs.start([...args, ...where, ...allowed], {
    stdio: ['ignore', 'inherit', 'inherit'],
    cwd: dataDir,
    env: { PATH, HOME: dataDir },
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
}

export async function createRun(target: Target, suite: string, more: object): Promise<string> {
  const body = { name: path.basename(suite), total_shards: 1, source: { type: 'path', path: suite }, ...more };
  return (await good<{ test_run_id: string }>(await target.request('POST', '/api/v1/test-runs/create', body)))
    .test_run_id;
}

export interface RunView {
  status: string;
  reason: string | null;
  report: { state: string };
  tests: { total: number; expected: number; unexpected: number };
}

export const runView = async (target: Target, id: string): Promise<RunView> =>
  good(await target.request('GET', `/api/v1/test-runs/${id}`));

/** Asks until it is so. Throws after `ms` with what was last seen. */
export async function until<T>(
  ask: () => Promise<T>,
  is: (value: T) => boolean,
  what: string,
  ms = 120_000,
): Promise<T> {
  const end = performance.now() + ms;
  for (;;) {
    const value = await ask();
    if (is(value)) return value;
    if (performance.now() > end)
      throw new Error(`waited ${ms / 1000} s for ${what}; last seen: ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

export const reportMade = (target: Target, id: string): Promise<RunView> =>
  until(
    () => runView(target, id),
    ({ report }) => ['ready', 'failed'].includes(report.state),
    'the report',
  );
