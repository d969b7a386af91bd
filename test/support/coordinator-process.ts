/** The same coordinator as a program of its own (dist/playfleet.mjs), for tests that kill it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { parseLink } from '../../src-main/cli/credentials.ts';
import { fetchBy } from '../../src-main/transfer/pinned-fetch.ts';
import { okJson } from './coordinator.ts';
import { tempFolder } from './folders.ts';

const PROGRAM = fileURLToPath(new URL('../../dist/playfleet.mjs', import.meta.url));

export interface CoordinatorProcess {
  url: string;
  /** Of its own certificate; null: it is not encrypted. */
  pin: string | null;
  contentUrl: string;
  adminToken: string;
  dataDir: string;
  pid: number;
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
}

interface Listening {
  url: string;
  pin: string | null;
  content_url: string;
  admin_link: string | null;
}

/**
 * `again`: a data folder that was used before, with its admin token; `port`: the one it had; `tls`: with a certificate of its own. It is killed after
 * the test.
 */
export async function startCoordinatorProcess(
  options: { again?: Pick<CoordinatorProcess, 'dataDir' | 'adminToken'>; port?: number; tls?: boolean } = {},
): Promise<CoordinatorProcess> {
  const dataDir = options.again?.dataDir ?? path.join(tempFolder(), 'data');
  const flags = [
    '--json',
    '--data',
    dataDir,
    '--port',
    String(options.port ?? 0),
    '--content-port',
    '0',
    '--log-level',
    'error',
    ...(options.tls ? ['--tls'] : []),
  ];
  const child = spawn(process.execPath, [PROGRAM, 'coordinator', ...flags], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit') as Promise<[number | null]>;
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
  };
  onTestFinished(kill);
  const line = await Promise.race([
    once(createInterface(child.stdout), 'line').then(([text]) => text as string),
    ended.then(([code]) => Promise.reject(new Error(`the coordinator ended with ${code} before it listened`))),
  ]);
  const listening = JSON.parse(line) as Listening;
  return {
    url: listening.url,
    pin: listening.pin,
    contentUrl: listening.content_url,
    adminToken: options.again?.adminToken ?? (await exchange(listening)),
    dataDir,
    pid: child.pid ?? 0,
    kill,
    async stop() {
      child.kill('SIGTERM');
      const [code] = await ended;
      return code;
    },
  };
}

async function exchange({ url, pin, admin_link }: Listening): Promise<string> {
  const { token } = parseLink(admin_link ?? '', 'The admin link');
  const answer = await fetchBy(pin)(`${url}/api/v1/auth/exchange`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token, name: 'test admin' }),
    redirect: 'manual',
    signal: AbortSignal.timeout(30_000),
  });
  return (await okJson<{ token: string }>(answer)).token;
}
