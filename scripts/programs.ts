/** Starts Playfleet's own programs as a user would, for the demo, benchmarks and fault runs; stops all of them at the end. */
import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { createServer } from 'node:net';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const playfleet = path.join(root, 'bin/playfleet.mjs');
export const sampleSuite = path.join(root, 'resources/sample-suite');

const STOP_MS = 15_000;

export interface Coordinator {
  url: string;
  /** Where it serves reports. */
  contentUrl: string;
  /** An api token of a person. */
  token: string;
  process: ChildProcess;
  dataDir: string;
}

export interface WorkerOptions {
  name: string;
  slots: number;
  dataDir: string;
  args?: string[];
  env?: NodeJS.ProcessEnv;
  /** Where its log goes; left out: to that of this process. */
  output?: 'inherit' | 'pipe';
}

/** What a coordinator says when it listens. */
interface Started {
  url: string;
  content_url: string;
  admin_link: string | null;
}

export class Programs {
  readonly #children: ChildProcess[] = [];
  readonly #command: readonly [string, ...string[]];

  /** `command`: what to start instead of this checkout's programs, such as the command of an installed package. */
  constructor(command: readonly [string, ...string[]] = [process.execPath, playfleet]) {
    this.#command = command;
  }

  /** Resolves when it listens. `before`: the coordinator that had this data folder, which is started again on the same port. */
  async startCoordinator(
    dataDir: string,
    options: {
      before?: Coordinator;
      port?: number;
      args?: string[];
      nodeArgs?: string[];
      env?: NodeJS.ProcessEnv;
    } = {},
  ): Promise<Coordinator> {
    const { before, args = [], nodeArgs = [], env } = options;
    const port = before ? Number(new URL(before.url).port) : await freePort(options.port ?? null);
    const contentPort = await freePort(options.port === undefined ? null : port + 1);
    const where = ['--port', String(port), '--content-port', String(contentPort), '--data', dataDir];
    const child = this.start(
      ['coordinator', ...where, '--log-level', 'warn', '--json', ...args],
      { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...env } },
      nodeArgs,
    );
    const line = await firstLine(child, 'the coordinator');
    const started = JSON.parse(line) as Partial<Started>;
    const { url, content_url: contentUrl, admin_link: adminLink = null } = started;
    if (url === undefined || contentUrl === undefined) throw new Error(`the coordinator could not start: ${line}`);
    const token = before?.token ?? (await exchange(url, adminLink));
    return { url, contentUrl, token, process: child, dataDir };
  }

  /** Enrols at its first start; later starts of the same data folder need no token. */
  async startWorker(
    coordinator: Coordinator,
    { name, slots, dataDir, args = [], env, output = 'inherit' }: WorkerOptions,
    again = false,
  ): Promise<ChildProcess> {
    const join = again ? [] : ['--join', (await makeToken(coordinator, 'join')).link];
    return this.start(
      [
        'worker',
        ...join,
        '--name',
        name,
        '--slots',
        String(slots),
        '--data',
        dataDir,
        '--allow-system-browser',
        '--log-level',
        'warn',
        ...args,
      ],
      { stdio: ['ignore', output, 'inherit'], env: { ...process.env, ...env } },
    );
  }

  /** `playfleet …` as the person whose token it is. */
  startCli(coordinator: Coordinator, args: string[], options: SpawnOptions = {}): ChildProcess {
    const env = { ...process.env, ...options.env, PLAYFLEET_URL: coordinator.url, PLAYFLEET_TOKEN: coordinator.token };
    return this.start(args, { stdio: 'inherit', ...options, env });
  }

  start(args: string[], options: SpawnOptions, nodeArgs: string[] = []): ChildProcess {
    const [program, ...before] = this.#command;
    const child = spawn(program, [...nodeArgs, ...before, ...args], options);
    this.#children.push(child);
    return child;
  }

  /** Last started, first stopped: workers can still tell their coordinator what they give back. */
  async stopAll(): Promise<void> {
    for (const child of this.#children.toReversed()) await stop(child);
  }
}

/** SIGTERM, and SIGKILL for what does not follow. */
export async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = ended(child);
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await gone;
  clearTimeout(timer);
}

/** The exit code; 130 where a signal ended it. */
export function ended(child: ChildProcess): Promise<number> {
  if (child.exitCode !== null) return Promise.resolve(child.exitCode);
  if (child.signalCode !== null) return Promise.resolve(130);
  return new Promise((resolve) => child.once('close', (code) => resolve(code ?? 130)));
}

/** Calls the API as the person whose token it is. Throws with the answer where that is not good. */
export async function api<T>(
  { url, token }: Pick<Coordinator, 'url' | 'token'>,
  method: string,
  at: string,
  body?: object,
): Promise<T> {
  const answer = await fetch(`${url}/api/v1${at}`, {
    method,
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(`${method} ${at} was answered ${answer.status}: ${await answer.text()}`);
  return (await answer.json()) as T;
}

export const makeToken = (coordinator: Coordinator, kind: 'join' | 'admin_link') =>
  api<{ link: string; token: string }>(coordinator, 'POST', '/tokens', { kind, name: 'script' });

async function exchange(url: string, adminLink: string | null): Promise<string> {
  if (adminLink === null)
    throw new Error('this data folder was used before: its coordinator gives no admin link any more');
  const secret = new URLSearchParams(new URL(adminLink).hash.slice(1)).get('token');
  const { token } = await api<{ token: string }>({ url, token: '' }, 'POST', '/auth/exchange', {
    token: secret,
    name: 'script',
  });
  return token;
}

async function firstLine(child: ChildProcess, who: string): Promise<string> {
  if (!child.stdout) throw new Error(`${who} has no output`);
  for await (const line of createInterface({ input: child.stdout })) return line;
  throw new Error(`${who} ended before it was ready`);
}

/** Below the ports that systems give to outgoing connections, which would take one that is free for a moment between two starts. */
const PORTS = { from: 20_000, to: 32_000 };
const PORT_TRIES = 50;

/** `wanted` if nobody has it, else any. */
export async function freePort(wanted: number | null): Promise<number> {
  const others = Array.from({ length: PORT_TRIES }, () =>
    Math.floor(PORTS.from + Math.random() * (PORTS.to - PORTS.from)),
  );
  for (const candidate of wanted === null ? others : [wanted, ...others]) {
    const port = await tryPort(candidate);
    if (port !== null) return port;
  }
  throw new Error('no port is free on 127.0.0.1');
}

function tryPort(port: number): Promise<number | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(null));
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : null));
    });
  });
}
