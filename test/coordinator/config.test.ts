import path from 'node:path';
import { expect, test } from 'vitest';
import { ConfigError, readCoordinatorConfig, type CoordinatorFlags } from '../../coordinator/config.ts';
import { tempFolder, writeFiles } from '../support/folders.ts';

const problem = (flags: CoordinatorFlags, env: NodeJS.ProcessEnv = {}): string => {
  try {
    readCoordinatorConfig(flags, env);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as Error).message;
  }
  throw new Error('was accepted');
};

test('without any setting it listens on loopback and keeps its data where the system keeps such', () => {
  const config = readCoordinatorConfig({}, { XDG_DATA_HOME: '/data' });
  expect(config).toMatchObject({ host: '127.0.0.1', port: 4800, contentPort: 4801, publicUrl: null, logLevel: 'info' });
  if (process.platform === 'linux') expect(config.dataDir).toBe('/data/playfleet/coordinator');
});

test('flags go before the environment, and its own variables before those with older names', () => {
  const old = { PLAYFLEET_DATA: '/old', PLAYFLEET_PORT_API: '1001', PLAYFLEET_PORT: '9' };
  expect(readCoordinatorConfig({}, old)).toMatchObject({
    dataDir: path.resolve('/old'),
    port: 1001,
    contentPort: 1002,
  });
  const own = { ...old, PLAYFLEET_COORDINATOR_DATA: '/own', PLAYFLEET_COORDINATOR_PORT: '2001' };
  expect(readCoordinatorConfig({}, own)).toMatchObject({
    dataDir: path.resolve('/own'),
    port: 2001,
    contentPort: 2002,
  });
  const flags = { data: '/flag', port: 3001, contentPort: '0', host: '::1', publicUrl: 'https://x.example/' };
  expect(readCoordinatorConfig(flags, { ...own, PLAYFLEET_HOST: '0.0.0.0' })).toMatchObject({
    dataDir: path.resolve('/flag'),
    port: 3001,
    contentPort: 0,
    host: '::1',
    publicUrl: 'https://x.example',
  });
});

test('PLAYFLEET_DATA does not lead the coordinator into the folder of a worker, but to data it has there', () => {
  const folder = tempFolder();
  expect(readCoordinatorConfig({}, { PLAYFLEET_DATA: folder }).dataDir).toBe(folder);
  writeFiles(folder, { 'key.json': '{}' });
  expect(problem({}, { PLAYFLEET_DATA: folder })).toMatch(
    /^PLAYFLEET_DATA: .* is the data folder of a worker\. .*PLAYFLEET_COORDINATOR_DATA or --data/,
  );
  const own = path.join(folder, 'coordinator');
  expect(readCoordinatorConfig({}, { PLAYFLEET_DATA: folder, PLAYFLEET_COORDINATOR_DATA: own }).dataDir).toBe(own);
  writeFiles(folder, { 'playfleet.db': '' });
  expect(readCoordinatorConfig({}, { PLAYFLEET_DATA: folder }).dataDir).toBe(folder);
});

test('what cannot be taken is named as it was given', () => {
  expect(problem({ port: 'http' })).toMatch(/^--port: /);
  expect(problem({}, { PLAYFLEET_COORDINATOR_PORT: '70000' })).toMatch(/^PLAYFLEET_COORDINATOR_PORT: .*65535/);
  expect(problem({}, { PLAYFLEET_PORT_API: '-1' })).toMatch(/^PLAYFLEET_PORT_API: /);
  expect(problem({}, { PLAYFLEET_LOG_LEVEL: 'loud' })).toMatch(/^PLAYFLEET_LOG_LEVEL: /);
  expect(problem({ publicUrl: 'ftp://x' })).toMatch(/^--public-url: /);
});
