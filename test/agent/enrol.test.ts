import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { enrolOnce } from '../../src-main/agent/enrol.ts';
import { readKey, writeKey } from '../../src-main/agent/key-file.ts';
import type { Capabilities } from '../../shared/protocol/work.ts';
import { API_KEY, FakeCoordinator, JOIN_TOKEN } from '../support/fake-coordinator.ts';
import { tempFolder } from '../support/folders.ts';
import { captureLog, configFor } from './support.ts';

const capabilities: Capabilities = {
  platform: 'linux',
  platform_version: '',
  arch: 'x64',
  cpus: 2,
  cpu_model: '',
  memory_bytes: 1,
  disk_free_bytes: null,
  browsers: {},
  missing_browsers: {},
  displays: 0,
  node_version: '',
  fingerprint: 'abc',
};

function worker(url: string, flags = {}) {
  const { log, lines } = captureLog();
  const config = configFor({ url }, flags);
  const keyFile = path.join(config.dataDir, 'key.json');
  const options = { config, keyFile, agentVersion: '1.2.3', capabilities: async () => capabilities, log };
  return { enrol: (more = {}) => enrolOnce({ ...options, ...more }), keyFile, config, lines };
}

test('a worker enrols once and then uses its key, whatever token it is given', async () => {
  const coordinator = await FakeCoordinator.start();
  const first = worker(coordinator.url, { slots: '3', tags: 'a,b' });
  expect(await first.enrol()).toEqual({
    url: coordinator.url,
    pin: null,
    workerId: 'worker-1',
    name: 'test-worker',
    apiKey: API_KEY,
  });
  expect(coordinator.registrations).toEqual([
    {
      path: '/api/v1/workers/register',
      hostname: 'test-worker',
      capabilities: { ...capabilities, max_parallel: 3 },
      tags: ['a', 'b'],
      agent_version: '1.2.3',
    },
  ]);

  const again = worker(coordinator.url, { data: first.config.dataDir });
  expect((await again.enrol()).apiKey).toBe(API_KEY);
  expect(coordinator.registrations).toHaveLength(1);
  expect([...first.lines, ...again.lines].join('')).not.toMatch(new RegExp(`${API_KEY}|${JOIN_TOKEN}`));
});

test('a coordinator that has moved is followed by COORDINATOR_URL', async () => {
  const coordinator = await FakeCoordinator.start();
  const { config } = worker(coordinator.url);
  await worker(coordinator.url, { data: config.dataDir }).enrol();
  const moved = worker(coordinator.url, { data: config.dataDir, coordinator: 'http://elsewhere:1' });
  expect((await moved.enrol()).url).toBe('http://elsewhere:1');
});

test('the key file is readable by its owner alone, and one that others can read is refused', async () => {
  const coordinator = await FakeCoordinator.start();
  const { enrol, keyFile } = worker(coordinator.url);
  await enrol();
  expect(statSync(keyFile).mode & 0o777).toBe(0o600);
  expect(JSON.parse(readFileSync(keyFile, 'utf8'))).toMatchObject({ url: coordinator.url, workerId: 'worker-1' });
  for (const mode of [0o640, 0o604, 0o660]) {
    chmodSync(keyFile, mode);
    await expect(readKey(keyFile)).rejects.toThrow(/can be read by others \(mode 06[0-9]{2}\): chmod 600/);
  }
});

test('a damaged key file is not taken for none', async () => {
  const file = path.join(tempFolder(), 'key.json');
  expect(await readKey(file)).toBeNull();
  await writeKey(file, { url: 'http://c', pin: null, workerId: 'w', name: 'n', apiKey: 'k' });
  writeFileSync(file, readFileSync(file, 'utf8').slice(0, 20));
  await expect(readKey(file)).rejects.toThrow('is damaged: delete it and enrol anew');
});

test('refusals are told in the words of the coordinator, or in ours where it has none', async () => {
  const coordinator = await FakeCoordinator.start();
  const refused = async (status: number, body: unknown): Promise<string> => {
    coordinator.onRegister = () => ({ status, body });
    return worker(coordinator.url)
      .enrol()
      .then(
        () => 'accepted',
        (error: Error) => error.message,
      );
  };
  expect(await refused(401, { detail: 'This join token has expired. Ask for a new join token.' })).toBe(
    'not enrolled: This join token has expired. Ask for a new join token.',
  );
  expect(await refused(401, {})).toContain('used up, expired or mistyped');
  expect(await refused(409, {})).toContain('already has a worker named "test-worker": choose another with --name');
  expect(await refused(404, {})).toContain('is not a Playfleet coordinator');
  expect(await refused(503, {})).toContain('the coordinator answered 503');
  expect(await refused(200, { hello: 'world' })).toContain('did not answer as a Playfleet coordinator does');
});

test('an address where nobody listens, and a missing token, say what to do', async () => {
  const coordinator = await FakeCoordinator.start();
  await coordinator.close();
  await expect(worker(coordinator.url).enrol()).rejects.toThrow(
    new RegExp(`cannot reach a coordinator at ${coordinator.url}: .*ECONNREFUSED.*Is it running`),
  );
  const { enrol, config } = worker(coordinator.url);
  await expect(enrol({ config: { ...config, join: null } })).rejects.toThrow(
    'this worker is not enrolled yet: start it with --join',
  );
});
