/** A real coordinator for tests: real database, real HTTP on any free ports of loopback, in this process. */
import pino from 'pino';
import { onTestFinished } from 'vitest';
import { startCoordinator as start } from '../../coordinator/main.ts';
import { fetchBy } from '../../src-main/transfer/pinned-fetch.ts';
import { tempFolder } from './folders.ts';

export interface TestCoordinator {
  url: string;
  contentUrl: string;
  /** Of its own certificate. */
  pin: string | null;
  /** An api token of a person. */
  adminToken: string;
  dataDir: string;
  /** What only the first start of a data folder shows; the admin link is used up already. */
  first: { adminLink: string; join: string } | null;
  newAdminLink: string | null;
  /** A fresh join token (pfj_…). */
  joinToken(): Promise<string>;
  /** A request as the admin: `path` below the coordinator's address, `body` as JSON. */
  request(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Response>;
  /** Enrols a worker and returns its id and key. */
  enrol(hostname: string, capabilities?: Record<string, unknown>): Promise<{ workerId: string; apiKey: string }>;
  stop(): Promise<void>;
  /** Lines of the log so far. */
  log: Record<string, unknown>[];
}

export interface TestCoordinatorOptions {
  /** A data folder that was used before, with its admin token. Left out: a fresh one, removed after the test. */
  again?: Pick<TestCoordinator, 'dataDir' | 'adminToken'>;
  /** PEM files, or a certificate of its own. */
  tls?: { cert: string; key: string } | 'own';
  newAdminLink?: boolean;
  /** Folder with strategies. */
  pluginsDir?: string;
  /** Default: any free one. */
  port?: number;
  /** Of publishers of updates. */
  updateKeys?: readonly string[];
}

/** It is stopped after the test, if the test did not. */
export async function startCoordinator({
  again,
  tls,
  newAdminLink = false,
  pluginsDir,
  port = 0,
  updateKeys,
}: TestCoordinatorOptions = {}): Promise<TestCoordinator> {
  const dataDir = again?.dataDir ?? tempFolder();
  const log: Record<string, unknown>[] = [];
  const logger = pino(
    { level: 'debug' },
    { write: (line: string) => log.push(JSON.parse(line) as Record<string, unknown>) },
  );
  const config = {
    host: '127.0.0.1',
    port,
    contentPort: 0,
    dataDir,
    publicUrl: null,
    tls: tls ?? null,
    announce: false,
    newAdminLink,
    pluginsDir: pluginsDir ?? null,
    logLevel: 'debug' as const,
    ...(updateKeys === undefined ? {} : { updateKeys }),
  };
  const running = await start(config, '0.0.0-test', logger);
  let stopped: Promise<void> | undefined;
  const stop = () => (stopped ??= running.stop());
  onTestFinished(stop);
  const ask = askBy(running.pin);
  const adminToken = again?.adminToken ?? (await exchange(ask, running.url, running.first?.adminLink ?? ''));
  const request: TestCoordinator['request'] = (method, below, body, headers = {}) =>
    ask(running.url + below, {
      method,
      headers: {
        authorization: `Bearer ${adminToken}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const joinToken = async () => {
    const made = await okJson<{ token: string }>(await request('POST', '/api/v1/tokens', { kind: 'join' }));
    return made.token;
  };
  return {
    url: running.url,
    pin: running.pin,
    contentUrl: running.contentUrl,
    first: running.first,
    newAdminLink: running.newAdminLink,
    adminToken,
    dataDir,
    log,
    stop,
    request,
    joinToken,
    async enrol(hostname, capabilities = {}) {
      const body = {
        hostname,
        capabilities: { browsers: ['chromium'], platform: 'linux', max_parallel: 2, ...capabilities },
      };
      const headers = { authorization: `Bearer ${await joinToken()}` };
      const response = await request('POST', '/api/v1/workers/register', body, headers);
      const answer = await okJson<{ worker_id: string; api_key: string }>(response);
      return { workerId: answer.worker_id, apiKey: answer.api_key };
    },
  };
}

/** The body of a good answer; the problem's detail as error otherwise. */
export async function okJson<T>(response: Response): Promise<T> {
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.status} ${text}`);
  return JSON.parse(text) as T;
}

type Ask = (url: string, init: { method: string; headers: Record<string, string>; body?: string }) => Promise<Response>;

function askBy(pin: string | null): Ask {
  if (pin === null) return (url, init) => fetch(url, init);
  const pinned = fetchBy(pin);
  return (url, init) => pinned(url, { ...init, redirect: 'manual', signal: new AbortController().signal });
}

async function exchange(ask: Ask, url: string, adminLink: string): Promise<string> {
  const response = await ask(`${url}/api/v1/auth/exchange`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token: adminLink.split('#token=')[1], name: 'test admin' }),
  });
  return (await okJson<{ token: string }>(response)).token;
}
