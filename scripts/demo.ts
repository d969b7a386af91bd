/**
 * The demo: a coordinator and two workers of two slots on this machine, and the sample suite spread over them. Stays up, so that the report
 * can be looked at, until Ctrl-C; with `--once` it ends with the run's exit code.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const playfleet = path.join(root, 'bin/playfleet.mjs');
const suite = path.join(root, 'resources/sample-suite');
const once = process.argv.includes('--once');
const WORKERS = 2;
const SLOTS = 2;
const STOP_MS = 15_000;

const folder = await mkdtemp(path.join(os.tmpdir(), 'playfleet-demo-'));
const children: ChildProcess[] = [];
let interrupted = false;
let wake: () => void = () => undefined;
const interruption = new Promise<void>((resolve) => (wake = resolve));
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    interrupted = true;
    wake();
  });
}

try {
  process.exitCode = await demo();
} catch (error) {
  console.error(`The demo could not go on: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 2;
} finally {
  await stopAll();
  await rm(folder, { recursive: true, force: true });
}

async function demo(): Promise<number> {
  console.log('Starting a coordinator and two workers on this machine …');
  const coordinator = await startCoordinator();
  const token = await exchange(coordinator);
  for (let n = 1; n <= WORKERS; n++) startWorker(`demo-${n}`, await joinLink(coordinator.url, token));
  const env = { ...process.env, PLAYFLEET_URL: coordinator.url, PLAYFLEET_TOKEN: token };
  const run = program(['run', '--name', 'Sample shop', '--project', 'sample-shop'], {
    cwd: suite,
    env,
    stdio: 'inherit',
  });
  const code = await ended(run);
  if (once || interrupted) return code;
  // Whoever opens the pages needs to be let in once.
  const link = await api<{ link: string }>(coordinator.url, token, 'POST', '/tokens', {
    kind: 'admin_link',
    name: 'demo',
  });
  console.log(
    [
      '',
      `Look around (the link lets one browser in): ${link.link}`,
      `API reference: ${coordinator.url}/api/v1/reference`,
      `Run it again:  cd ${path.relative(process.cwd(), suite)} && PLAYFLEET_URL=${coordinator.url} PLAYFLEET_TOKEN=${token} node ${path.relative(suite, playfleet)} run`,
      'Ctrl-C stops everything.',
    ].join('\n'),
  );
  await interruption;
  return code;
}

interface Started {
  url: string;
  admin_link: string;
  join: string;
}

async function startCoordinator(): Promise<Started> {
  const port = await freePort(4800);
  const args = [
    'coordinator',
    '--port',
    String(port),
    '--content-port',
    String(await freePort(port + 1)),
    '--data',
    path.join(folder, 'coordinator'),
  ];
  const child = program([...args, '--log-level', 'warn', '--json'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const line = await firstLine(child, 'the coordinator');
  return JSON.parse(line) as Started;
}

function startWorker(name: string, join: string): void {
  const data = path.join(folder, name);
  const args = ['worker', '--join', join, '--name', name, '--slots', String(SLOTS), '--data', data];
  program([...args, '--allow-system-browser', '--log-level', 'warn'], { stdio: ['ignore', 'inherit', 'inherit'] });
}

/** Its own process group: Ctrl-C reaches this program alone, which then stops the others in order. */
function program(args: string[], options: Parameters<typeof spawn>[2]): ChildProcess {
  const child = spawn(process.execPath, [playfleet, ...args], options);
  children.push(child);
  return child;
}

async function exchange({ url, admin_link: link }: Started): Promise<string> {
  const secret = new URLSearchParams(new URL(link).hash.slice(1)).get('token');
  const { token } = await api<{ token: string }>(url, null, 'POST', '/auth/exchange', { token: secret, name: 'demo' });
  return token;
}

async function joinLink(url: string, token: string): Promise<string> {
  const made = await api<{ link: string }>(url, token, 'POST', '/tokens', { kind: 'join', name: 'demo' });
  return made.link;
}

async function api<T>(url: string, token: string | null, method: string, at: string, body: object): Promise<T> {
  const answer = await fetch(`${url}/api/v1${at}`, {
    method,
    headers: { 'content-type': 'application/json', ...(token === null ? {} : { authorization: `Bearer ${token}` }) },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${method} ${at} was answered ${answer.status}: ${await answer.text()}`);
  return (await answer.json()) as T;
}

async function firstLine(child: ChildProcess, who: string): Promise<string> {
  if (!child.stdout) throw new Error(`${who} has no output`);
  for await (const line of createInterface({ input: child.stdout })) return line;
  throw new Error(`${who} ended before it was ready`);
}

/** `wanted` if nobody has it, else any. */
async function freePort(wanted: number): Promise<number> {
  const tryPort = (port: number) =>
    new Promise<number | null>((resolve) => {
      const server = createServer();
      server.once('error', () => resolve(null));
      server.listen(port, '127.0.0.1', () => {
        const address = server.address();
        server.close(() => resolve(typeof address === 'object' && address ? address.port : null));
      });
    });
  const port = (await tryPort(wanted)) ?? (await tryPort(0));
  if (port === null) throw new Error('no port is free on 127.0.0.1');
  return port;
}

function ended(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => child.once('close', (code) => resolve(code ?? 130)));
}

/** Workers first, so that they can tell the coordinator what they give back. */
async function stopAll(): Promise<void> {
  for (const child of children.toReversed()) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const gone = ended(child);
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await gone;
    clearTimeout(timer);
  }
}
