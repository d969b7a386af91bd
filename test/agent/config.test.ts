import path from 'node:path';
import { expect, test } from 'vitest';
import { readAgentConfig, type AgentFlags, type Surroundings } from '../../src-main/agent/config.ts';
import { AgentError } from '../../src-main/agent/errors.ts';
import { tempFolder, writeFiles } from '../support/folders.ts';

const around: Surroundings = { env: {}, platform: 'linux', home: '/home/ann', hostname: 'anns-machine', cpus: 8 };
const read = (flags: AgentFlags, env: Surroundings['env'] = {}, more: Partial<Surroundings> = {}) =>
  readAgentConfig(flags, { ...around, env, ...more });
const problem = (flags: AgentFlags, env: Surroundings['env'] = {}): string => {
  try {
    read(flags, env);
  } catch (error) {
    expect(error).toBeInstanceOf(AgentError);
    return (error as Error).message;
  }
  throw new Error('was accepted');
};

test('without any setting a worker has the name of its machine, four slots and a folder of its own', () => {
  const config = read({});
  expect(config).toMatchObject({
    join: null,
    coordinator: null,
    name: 'anns-machine',
    slots: 4,
    tags: [],
    install: true,
    allowSystemBrowser: false,
    pollIntervalSeconds: 10,
    dataDir: '/home/ann/.local/share/playfleet/worker',
  });
  expect(read({}, {}, { cpus: 2 }).slots).toBe(2);
});

test('flags go before the environment, and the environment before the file', () => {
  const data = tempFolder();
  writeFiles(data, { 'config.json': JSON.stringify({ name: 'from-file', slots: 1, tags: ['file'], install: false }) });
  const env = { WORKER_NAME: 'from-env', PLAYFLEET_SLOTS: '2', PLAYFLEET_TAGS: 'a, b' };
  expect(read({ data }).name).toBe('from-file');
  expect(read({ data, slots: '3' }, env)).toMatchObject({
    name: 'from-env',
    slots: 3,
    tags: ['a', 'b'],
    install: false,
  });
});

test('the names of the environment that customers use are understood', () => {
  const env = {
    COORDINATOR_URL: 'http://coordinator:4300/',
    WORKER_NAME: 'w1',
    PLAYWRIGHT_PROJECT_PATH: '/srv/suite',
    POLL_INTERVAL: '5',
  };
  expect(read({}, env)).toMatchObject({
    coordinator: { url: 'http://coordinator:4300', pin: null },
    name: 'w1',
    projectPath: '/srv/suite',
    pollIntervalSeconds: 5,
  });
});

test('an address with a join token is taken apart, and a bad one is refused without repeating the token', () => {
  expect(read({ join: 'https://c.example/#pfj_secret' }).join).toEqual({
    url: 'https://c.example',
    token: 'pfj_secret',
    pin: null,
  });
  for (const join of ['pfj_secret', 'http://c.example', 'http://c.example#', 'ftp://c.example#pfj_secret']) {
    const message = problem({ join });
    expect(message).toContain('--join: must be the address and the join token');
    expect(message).not.toContain('secret');
  }
});

test('each complaint names the setting as it was given, and what it must be', () => {
  expect(problem({ slots: 'many' })).toMatch(/^--slots: .*number/);
  expect(problem({ slots: '0' })).toMatch(/^--slots: .*1/);
  expect(problem({}, { PLAYFLEET_SLOTS: '1.5' })).toMatch(/^PLAYFLEET_SLOTS: /);
  expect(problem({}, { POLL_INTERVAL: '0' })).toMatch(/^POLL_INTERVAL: /);
  expect(problem({}, { PLAYFLEET_INSTALL: 'maybe' })).toMatch(/^PLAYFLEET_INSTALL: .*boolean/);
  expect(problem({ tags: 'ok,b@d' })).toMatch(/^--tags \("b@d"\): letters, digits/);
  expect(problem({}, { COORDINATOR_URL: 'coordinator' })).toMatch(/^COORDINATOR_URL: must be an http/);
  expect(problem({ logLevel: 'loud' })).toMatch(/^--log-level: /);
});

test('a file with an unknown setting, a wrong type or no JSON says so with its name', () => {
  const data = tempFolder();
  const file = path.join(data, 'config.json');
  writeFiles(data, { 'config.json': '{"slot": 2}' });
  expect(problem({ data })).toMatch(`slot in ${file}: not a setting. Settings are join,`);
  writeFiles(data, { 'config.json': '{"slots": "2"}' });
  expect(problem({ data })).toMatch(`slots in ${file}: `);
  writeFiles(data, { 'config.json': 'slots: 2' });
  expect(problem({ data })).toContain(`the settings file ${file} is not JSON`);
  writeFiles(data, { 'config.json': '[]' });
  expect(problem({ data })).toContain('must hold one JSON object');
  expect(problem({ config: path.join(data, 'absent.json') })).toContain('cannot read the settings file');
});

test('the folder for data follows the platform', () => {
  const on = (platform: NodeJS.Platform, env = {}) => read({}, env, { platform }).dataDir;
  expect(on('darwin')).toBe('/home/ann/Library/Application Support/Playfleet/worker');
  expect(on('linux', { XDG_DATA_HOME: '/data' })).toBe('/data/playfleet/worker');
  expect(on('win32', { LOCALAPPDATA: '/local' })).toBe('/local/Playfleet/worker');
});

test('a token brings the pin of a certificate along, an address may have one, and both want https', () => {
  const pin = `pfp_${'x'.repeat(43)}`;
  expect(read({ join: `https://c.example#pfj_secret.${pin}` }).join).toEqual({
    url: 'https://c.example',
    token: 'pfj_secret',
    pin,
  });
  expect(read({ coordinator: `https://c.example#${pin}` }).coordinator).toEqual({ url: 'https://c.example', pin });
  expect(problem({ join: `http://c.example#pfj_secret.${pin}` })).toMatch(/--join: has a pin, so .* https/);
  expect(problem({ coordinator: `http://c.example#${pin}` })).toMatch(/--coordinator: has a pin, so .* https/);
  expect(problem({ join: `https://c.example#pfj_secret.${pin}x` })).toMatch(/--join: must be the address and/);
  expect(problem({ coordinator: 'https://c.example#pfj_secret' })).toMatch(/--coordinator: must be .* with the pin/);
});
