/** Where updates come from: a plain web server, or a coordinator. Both behind a relay that can misbehave. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { api, root, type Coordinator, type Programs } from '../../scripts/programs.ts';
import type { FeedSource } from '../../src-main/updater/http.ts';
import {
  newPublisher,
  publish,
  serveFolder,
  type Publisher,
  type PublishedRelease,
  type ReleaseOptions,
} from '../support/update-feed.ts';
import { startRelay, type Relay } from './relay.ts';

export interface Place {
  name: string;
  relay: Relay;
  /** As a machine is told. */
  source: FeedSource;
  publisher: Publisher;
  /** Makes a release and offers it; a version is offered once. */
  offer: (version: string, more?: Partial<ReleaseOptions>) => Promise<PublishedRelease>;
  close(): Promise<void>;
}

export async function webServer(folder: string): Promise<Place> {
  const publisher = newPublisher();
  const feedFolder = path.join(folder, 'web');
  const feed = await serveFolder(() => feedFolder);
  const relay = await startRelay(() => feed.url);
  return {
    name: 'a web server',
    relay,
    source: { url: relay.url, headers: () => ({}), pin: null },
    publisher,
    offer: (version, more = {}) => publish(feedFolder, { version, by: publisher, ...more }),
    async close() {
      await relay.close();
      await feed.close();
    },
  };
}

export interface CoordinatorPlace extends Place {
  coordinator: Coordinator;
  /** JSON with the publisher's key, as --update-keys takes it. */
  keyFile: string;
  /** Runs `playfleet …` as its admin, and returns the code and what it printed. */
  cli: (...args: string[]) => Promise<{ code: number; said: string }>;
}

export async function fleetCoordinator(folder: string, programs: Programs): Promise<CoordinatorPlace> {
  const publisher = newPublisher();
  const keyFile = path.join(folder, 'update-keys.json');
  await writeFile(keyFile, JSON.stringify({ keys: [publisher.publicKey] }));
  const coordinator = await programs.startCoordinator(path.join(folder, 'coordinator'), {
    args: ['--update-keys', keyFile],
  });
  const relay = await startRelay(() => `${coordinator.url}/api/v1/updates/feed/stable`);
  const { token } = await api<{ token: string }>(coordinator, 'POST', '/tokens', { kind: 'join', name: 'test:update' });
  // A machine that shows its own key, as machines do.
  const capabilities = { browsers: ['chromium'], platform: 'linux', max_parallel: 1 };
  const { api_key: key } = await api<{ api_key: string }>(
    { url: coordinator.url, token },
    'POST',
    '/workers/register',
    {
      hostname: 'updated-machine',
      capabilities,
    },
  );
  const cli = (...args: string[]): Promise<{ code: number; said: string }> => {
    const env = { ...process.env, PLAYFLEET_URL: coordinator.url, PLAYFLEET_TOKEN: coordinator.token };
    return new Promise((resolve) => {
      execFile(process.execPath, [path.join(root, 'bin/playfleet.mjs'), ...args], { env }, (error, stdout, stderr) =>
        resolve({
          code: typeof error?.code === 'number' ? error.code : error ? -1 : 0,
          said: `${stdout}${stderr}`.trim(),
        }),
      );
    });
  };
  const feedFolder = path.join(folder, 'release');
  return {
    name: 'the coordinator',
    relay,
    source: { url: relay.url, headers: () => ({ authorization: `Bearer ${key}` }), pin: null },
    publisher,
    coordinator,
    keyFile,
    cli,
    async offer(version, more = {}) {
      const made = await publish(feedFolder, { version, by: publisher, ...more });
      // What was offered before must not hide an older version, which is what some cases offer.
      const { items } = await api<{ items: { id: string; state: string }[] }>(coordinator, 'GET', '/updates');
      for (const { id, state } of items) if (state !== 'withdrawn') await api(coordinator, 'DELETE', `/updates/${id}`);
      const { code, said } = await cli('updates', 'import', feedFolder);
      if (code !== 0) throw new Error(`playfleet updates import: ${said}`);
      return made;
    },
    close: () => relay.close(),
  };
}

export const envelopeText = ({ folder, envelope }: PublishedRelease): string =>
  readFileSync(path.join(folder, envelope), 'utf8');
