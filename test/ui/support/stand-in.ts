/** A worker that takes the coordinator's place: `playfleet promote` as its user would type it, on an address of loopback that is its own. */
import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Browser, BrowserContext, BrowserContextOptions } from '@playwright/test';
import type { OfflineState } from '../../../shared/protocol/offline/promotion.ts';
import { api, type Coordinator, type Programs } from '../../../scripts/programs.ts';

const WAIT_MS = 60_000;

/** Lets a worker that is enrolled, or will be in a moment, hold a copy, and waits until it has fetched it. */
export async function letHoldCopy(coordinator: Coordinator, name: string, dataDir: string): Promise<void> {
  const { items } = await untilTrue(
    () => api<{ items: { id: string; hostname: string }[] }>(coordinator, 'GET', '/workers'),
    ({ items }) => items.some(({ hostname }) => hostname === name),
  );
  const id = items.find(({ hostname }) => hostname === name)?.id ?? '';
  await api(coordinator, 'PUT', `/workers/${id}/warm-copy`, { permit: 'yes' });
  await copied(coordinator, name);
  // The word by which it may stand in comes last.
  await untilTrue(() => Promise.resolve(existsSync(path.join(dataDir, 'warm-copy/state.json'))), Boolean);
}

export const copied = (coordinator: Coordinator, name: string): Promise<OfflineState> =>
  untilTrue(
    () => api<OfflineState>(coordinator, 'GET', '/offline'),
    ({ copies }) => copies.some(({ hostname, at }) => hostname === name && at !== null),
  );

export class StandIn {
  readonly url: string;
  /** As scripts/programs.ts talks to coordinators. */
  readonly coordinator: Coordinator;
  /** What it has printed, one line of JSON each. */
  readonly said: Record<string, unknown>[];
  readonly #process: ChildProcess;

  /** Of the worker with this data folder, which holds a copy; its coordinator is stopped before. */
  static async promote(programs: Programs, dataDir: string): Promise<StandIn> {
    const where = ['--data', dataDir, '--host', '127.0.0.2', '--port', '0', '--content-port', '0'];
    const child = programs.start(['promote', ...where, '--json'], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: ownHome(dataDir),
    });
    const said: Record<string, unknown>[] = [];
    const lines = createInterface({ input: child.stdout! });
    const first = await new Promise<{ url: string; folder: string }>((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`playfleet promote ended with ${code}`)));
      lines.on('line', (line) => {
        const told = JSON.parse(line) as Record<string, unknown>;
        said.push(told);
        if (told['type'] === 'promoted') resolve(told as unknown as { url: string; folder: string });
      });
    });
    const control = JSON.parse(await readFile(path.join(first.folder, 'control.json'), 'utf8')) as {
      token: string;
      pin: string;
    };
    const token = `${control.token}.${control.pin}`;
    return new StandIn(child, { url: first.url, contentUrl: '', token, process: child, dataDir: first.folder }, said);
  }

  private constructor(child: ChildProcess, coordinator: Coordinator, said: Record<string, unknown>[]) {
    this.#process = child;
    this.coordinator = coordinator;
    this.url = coordinator.url;
    this.said = said;
  }

  /** A browser's context of somebody who is signed in there, with the password that they have at the central coordinator. */
  async context(
    browser: Browser,
    person: { email: string; password: string },
    options: BrowserContextOptions = {},
  ): Promise<BrowserContext> {
    // People accept the certificate of their own team's machine once; here it is told beforehand.
    const context = await browser.newContext({
      ...options,
      baseURL: this.url,
      ignoreHTTPSErrors: true,
      storageState: { cookies: [], origins: [] },
    });
    const answer = await context.request.post('/api/v1/auth/sign-in', { headers: { origin: this.url }, data: person });
    if (!answer.ok()) throw new Error(`signing in was answered ${answer.status()}: ${await answer.text()}`);
    return context;
  }

  /** Its exit code. */
  ended(): Promise<number | null> {
    if (this.#process.exitCode !== null) return Promise.resolve(this.#process.exitCode);
    return new Promise((resolve) => this.#process.once('close', resolve));
  }
}

/** Commands that change a login change that of a user of their own. */
const ownHome = (dataDir: string): NodeJS.ProcessEnv => ({
  ...process.env,
  HOME: `${dataDir}-home`,
  XDG_CONFIG_HOME: `${dataDir}-home`,
});

export async function untilTrue<T>(read: () => Promise<T>, isIt: (found: T) => boolean): Promise<T> {
  const until = Date.now() + WAIT_MS;
  for (;;) {
    const found = await read();
    if (isIt(found)) return found;
    if (Date.now() > until) throw new Error(`it did not come: ${JSON.stringify(found).slice(0, 500)}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
