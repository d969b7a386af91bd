/** A central coordinator and the machines around it, each a process of its own with its own user, as they are when the network goes. */
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect } from 'vitest';
import type { Run } from '../../shared/protocol/rest/runs.ts';
import type { Worker } from '../../shared/protocol/rest/workers.ts';
import type { CopyState } from '../../src-main/agent/offline/copy-state.ts';
import { fetchBy } from '../../src-main/transfer/pinned-fetch.ts';
import { cliHome, startCli, type StartedCli } from '../cli/support/start-cli.ts';
import { okJson } from '../support/coordinator.ts';
import type { CoordinatorProcess } from '../support/coordinator-process.ts';
import { tempFolder } from '../support/folders.ts';

export type Ask = (
  method: string,
  below: string,
  body?: unknown,
  headers?: Record<string, string>,
) => Promise<Response>;

/** Asks with a token; `pin` null: unencrypted. */
export function askWith({ url, token, pin }: { url: string; token: string | null; pin: string | null }): Ask {
  const fetch = fetchBy(pin);
  const once: Ask = (method, below, body, headers = {}) =>
    fetch(url + below, {
      method,
      headers: {
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      redirect: 'manual',
      signal: AbortSignal.timeout(30_000),
    });
  // A coordinator that is behind (on a busy machine) asks to come again.
  return async (...asked) => {
    for (let tries = 0; ; tries++) {
      const answer = await once(...asked);
      if (answer.status !== 503 || tries === 60) return answer;
      await answer.text();
      await setTimeout(500);
    }
  };
}

export interface Machine {
  name: string;
  dataDir: string;
  env: Record<string, string>;
  worker: StartedCli;
}

/** Enrols at `central`, and works. */
export async function startMachine(
  central: Pick<CoordinatorProcess, 'url' | 'adminToken'>,
  name: string,
  args: string[] = [],
): Promise<Machine> {
  const ask = askWith({ url: central.url, token: central.adminToken, pin: null });
  const { token } = await okJson<{ token: string }>(await ask('POST', '/api/v1/tokens', { kind: 'join' }));
  const dataDir = tempFolder();
  const env = cliHome();
  const flags = [
    '--join',
    `${central.url}#${token}`,
    '--name',
    name,
    '--slots',
    '1',
    '--no-install',
    '--allow-system-browser',
    ...args,
  ];
  const worker = startWorker(dataDir, env, flags);
  await online(ask, name);
  return { name, dataDir, env, worker };
}

export const startWorker = (dataDir: string, env: Record<string, string>, flags: string[]): StartedCli =>
  startCli(['worker', '--data', dataDir, '--log-level', 'info', ...flags], { env });

export const workersOf = async (ask: Ask): Promise<Worker[]> =>
  (await okJson<{ items: Worker[] }>(await ask('GET', '/api/v1/workers'))).items;

export async function online(ask: Ask, name: string): Promise<Worker> {
  let found: Worker | undefined;
  await expect
    .poll(
      async () => {
        found = (await workersOf(ask)).find((one) => one.hostname === name);
        return found?.status;
      },
      { timeout: 60_000, interval: 100 },
    )
    .toMatch(/idle|busy/);
  return found as Worker;
}

export const stateOf = ({ dataDir }: Pick<Machine, 'dataDir'>): CopyState | null => {
  const file = path.join(dataDir, 'warm-copy', 'state.json');
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as CopyState) : null;
};

/** Lets a machine hold a copy, and waits for it. */
export async function giveCopy(ask: Ask, machine: Machine, permit: 'yes' | 'secrets' = 'yes'): Promise<void> {
  const { id } = await online(ask, machine.name);
  await okJson(await ask('PUT', `/api/v1/workers/${id}/warm-copy`, { permit }));
  await expect.poll(() => stateOf(machine)?.fresh_at ?? null, { timeout: 30_000, interval: 100 }).not.toBe(null);
}

export interface Promoted {
  cli: StartedCli;
  url: string;
  pin: string;
  join: string;
  join_code: string;
  folder: string;
  lacks: string[];
  /** From the command to the line that says that it is ready. */
  readyMs: number;
  /** As the admin that the promotion made. */
  ask: Ask;
}

/** Listens on an address of loopback that is its own. */
export async function promoteMachine(machine: Machine, host: string, args: string[] = []): Promise<Promoted> {
  const began = performance.now();
  const flags = ['promote', '--data', machine.dataDir, '--host', host, '--port', '0', '--content-port', '0', '--json'];
  const cli = startCli([...flags, ...args], { env: machine.env });
  await cli.shows(/"type":"promoted"/);
  const readyMs = performance.now() - began;
  const said = JSON.parse(cli.stdout().split('\n')[0] ?? '') as Omit<Promoted, 'cli' | 'readyMs' | 'ask'>;
  const control = JSON.parse(readFileSync(path.join(said.folder, 'control.json'), 'utf8')) as { token: string };
  return { ...said, cli, readyMs, ask: askWith({ url: said.url, pin: said.pin, token: control.token }) };
}

/** Runs a command to its end; its output where that is not good. */
export async function command(env: Record<string, string>, args: string[], exit = 0): Promise<string> {
  const cli = startCli(args, { env });
  const code = await cli.exit;
  if (code !== exit)
    throw new Error(`playfleet ${args.join(' ')} ended with ${code}:\n${cli.stdout()}\n${cli.stderr()}`);
  return cli.stdout() + cli.stderr();
}

export const switchMachine = ({ env, dataDir }: Machine, where: string): Promise<string> =>
  command(env, ['switch', where, '--yes', '--data', dataDir]);

/** A suite of real Playwright tests without a browser. Tests named `waits` end when the file that open() makes is there. */
export function writeSuite(tests: readonly string[]): { folder: string; begun: () => boolean; open: () => void } {
  const folder = tempFolder();
  const gate = path.join(tempFolder(), 'open');
  const begun = `${gate}.begun`;
  symlinkSync(path.resolve(import.meta.dirname, '../../node_modules'), path.join(folder, 'node_modules'));
  writeFileSync(
    path.join(folder, 'playwright.config.ts'),
    `export default { testDir: 'tests', fullyParallel: true, timeout: 120_000 };`,
  );
  mkdirSync(path.join(folder, 'tests'));
  const body = (name: string): string =>
    name.startsWith('waits')
      ? `writeFileSync(${JSON.stringify(begun)}, ''); while (!existsSync(${JSON.stringify(gate)})) await new Promise((done) => setTimeout(done, 20));`
      : '';
  const lines = tests.map((name) => `test(${JSON.stringify(name)}, async () => { ${body(name)} });`);
  writeFileSync(
    path.join(folder, 'tests/a.spec.ts'),
    `import { existsSync, writeFileSync } from 'node:fs';\nimport { test } from '@playwright/test';\n${lines.join('\n')}\n`,
  );
  return { folder, begun: () => existsSync(begun), open: () => writeFileSync(gate, '') };
}

export async function startRun(ask: Ask, folder: string, name = 'offline'): Promise<string> {
  const body = { name, project: 'shop', source: { type: 'path', path: folder } };
  return (await okJson<{ test_run_id: string }>(await ask('POST', '/api/v1/test-runs/create', body))).test_run_id;
}

export const readRun = async (ask: Ask, id: string): Promise<Run> =>
  okJson<Run>(await ask('GET', `/api/v1/test-runs/${id}`));

export async function ended(ask: Ask, id: string): Promise<Run> {
  let run: Run | undefined;
  await expect
    .poll(
      async () => {
        run = await readRun(ask, id);
        return run.status;
      },
      { timeout: 90_000, interval: 200 },
    )
    .toMatch(/completed|failed|cancelled/);
  return run as Run;
}
