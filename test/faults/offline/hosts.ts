/** Three hosts on addresses of loopback: the central coordinator, and machines that stand in for it when it is gone. */
import { existsSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { api, ended, freePort, makeToken, type Coordinator } from '../../../scripts/programs.ts';
import type { OfflineState } from '../../../shared/protocol/offline/promotion.ts';
import { startProxy, type LinkProxy, type SeenRequest } from '../link-proxy.ts';
import { until, workerIds, type Bench } from '../bench.ts';
import { startPlainProxy, type PlainProxy } from './plain-proxy.ts';

/** Starting real workers takes long where other programs work as well: what is measured is said by figures, not by giving up. */
const PATIENCE_MS = 600_000;

export interface Central {
  coordinator: Coordinator;
  /** How machines reach it: what they bring home is recorded on the way. */
  front: LinkProxy;
  /** Requests that machines made below /api/v1/origins, in their order. */
  brought: SeenRequest[];
}

export async function startCentral(bench: Bench, dataDir = path.join(bench.folder, 'central')): Promise<Central> {
  const coordinator = await bench.programs.startCoordinator(dataDir);
  const brought: SeenRequest[] = [];
  const front = await startProxy(
    coordinator.url,
    (_from, message) => [message],
    (request) => {
      if (request.path.startsWith('/api/v1/origins/')) brought.push(request);
    },
  );
  bench.atEnd(() => front.close());
  return { coordinator, front, brought };
}

/** It is gone in the middle of everything. */
export async function lose(central: Central): Promise<void> {
  central.coordinator.process.kill('SIGKILL');
  await ended(central.coordinator.process);
}

export async function bringBack(bench: Bench, central: Central, env: NodeJS.ProcessEnv = {}): Promise<void> {
  const { coordinator } = central;
  central.coordinator = await bench.programs.startCoordinator(coordinator.dataDir, { before: coordinator, env });
}

export interface Machine {
  name: string;
  dataDir: string;
  /** Of its user. */
  env: NodeJS.ProcessEnv;
}

/** A real worker that enrols at the central coordinator and keeps a warm copy of it. */
export async function startMachine(bench: Bench, central: Central, name: string): Promise<Machine> {
  const home = path.join(bench.folder, `home-${name}`);
  await mkdir(home, { recursive: true });
  const env = { ...process.env, HOME: home, XDG_CONFIG_HOME: path.join(home, 'config') };
  const dataDir = path.join(bench.folder, `machine-${name}`);
  const { token } = await makeToken(central.coordinator, 'join');
  const join = ['--join', `${central.front.url}#${token}`, '--name', name, '--slots', '1', '--data', dataDir];
  bench.programs.start(['worker', ...join, '--no-install', '--allow-system-browser', '--log-level', 'error'], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env,
  });
  const machine = { name, dataDir, env };
  const id = await until(
    async () => (await workerIds(central.coordinator)).get(name),
    (found) => found !== undefined,
    `${name} to enrol`,
    PATIENCE_MS,
  );
  await api(central.coordinator, 'PUT', `/workers/${id}/warm-copy`, { permit: 'yes' });
  const state = path.join(dataDir, 'warm-copy', 'state.json');
  await until(
    async () => existsSync(state) && (JSON.parse(readFileSync(state, 'utf8')) as { fresh_at: number | null }).fresh_at,
    (fresh) => typeof fresh === 'number',
    `the warm copy of ${name}`,
    PATIENCE_MS,
  );
  return machine;
}

export interface Promoted {
  machine: Machine;
  /** As everybody in a fault run reaches it, through a proxy that takes plain HTTP. */
  coordinator: Coordinator;
  proxy: PlainProxy;
  /** Its own address. */
  url: string;
  folder: string;
  /** From the command to the line that says that it is ready, milliseconds. */
  readyMs: number;
  host: string;
  port: number;
}

export interface PromoteOptions {
  /** An address of loopback that is its own. */
  host: string;
  /** One that was killed: it goes on, on the same port. */
  before?: Promoted;
  env?: NodeJS.ProcessEnv;
}

export async function promote(bench: Bench, machine: Machine, options: PromoteOptions): Promise<Promoted> {
  const { host, before, env = {} } = options;
  const port = before?.port ?? (await freePort(null));
  const began = performance.now();
  const where = ['--data', machine.dataDir, '--host', host, '--port', String(port), '--content-port', '0'];
  const process = bench.programs.start(['promote', ...where, '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...machine.env, ...env },
  });
  const said = await firstLine<{ url: string; folder: string }>(process, `playfleet promote on ${machine.name}`);
  const readyMs = performance.now() - began;
  const { token } = JSON.parse(readFileSync(path.join(said.folder, 'control.json'), 'utf8')) as { token: string };
  const proxy = before?.proxy ?? (await startPlainProxy(said.url));
  if (!before) bench.atEnd(() => proxy.close());
  const coordinator = { url: proxy.url, contentUrl: '', token, process, dataDir: said.folder };
  return { machine, coordinator, proxy, url: said.url, folder: said.folder, readyMs, host, port };
}

export async function kill({ coordinator }: Promoted): Promise<void> {
  coordinator.process.kill('SIGKILL');
  await ended(coordinator.process);
}

/** Runs a command of a machine's user to its end. Throws with what it said where that is not good. */
export async function command(bench: Bench, machine: Machine, args: string[]): Promise<string> {
  const child = bench.programs.start([...args, '--data', machine.dataDir], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: machine.env,
  });
  const [out, err, code] = await Promise.all([text(child.stdout!), text(child.stderr!), ended(child)]);
  if (code !== 0) throw new Error(`playfleet ${args.join(' ')} ended with ${code}: ${out}${err}`);
  return out;
}

/** Milliseconds from the command until the machine works for the promoted one. */
export async function switchTo(bench: Bench, machine: Machine, { url, coordinator }: Promoted): Promise<number> {
  const began = performance.now();
  await command(bench, machine, ['switch', url, '--yes']);
  await online(coordinator, machine.name);
  return performance.now() - began;
}

export const online = (coordinator: Coordinator, name: string) =>
  until(
    async () =>
      (
        await api<{ items: { hostname: string; status: string }[] }>(coordinator, 'GET', '/workers?limit=500')
      ).items.find(({ hostname }) => hostname === name)?.status,
    (status) => status === 'idle' || status === 'busy',
    `${name} to be there`,
    PATIENCE_MS,
  );

/** Until central has acknowledged and verified everything of it. */
export const broughtHome = ({ coordinator, machine }: Promoted, ms = PATIENCE_MS) =>
  until(
    async () => (await api<OfflineState>(coordinator, 'GET', '/offline')).promotion?.homecoming,
    (homecoming) => homecoming?.state === 'verified',
    `everything of ${machine.name} to be at home`,
    ms,
  );

async function firstLine<T>(child: ChildProcess, who: string): Promise<T> {
  for await (const line of createInterface({ input: child.stdout! })) return JSON.parse(line) as T;
  throw new Error(`${who} ended before it was ready`);
}
