import { expect, test } from 'vitest';
import { childEnvironment, gitEnvironment } from '../../../src-main/agent/playwright/env.ts';

const base = {
  PATH: '/bin',
  HOME: '/home/ann',
  LC_ALL: 'C',
  DISPLAY: ':0',
  PLAYFLEET_KEY: 'secret',
  AWS_SECRET_ACCESS_KEY: 'secret',
  NODE_OPTIONS: '--inspect',
  https_proxy: 'http://proxy',
  EMPTY: undefined,
};

test('a suite inherits what any program needs, and none of the agent and its owner', () => {
  expect(childEnvironment({ base, platform: 'linux' })).toEqual({
    PATH: '/bin',
    HOME: '/home/ann',
    LC_ALL: 'C',
    https_proxy: 'http://proxy',
  });
});

test('the screen is there for headed tests only', () => {
  expect(childEnvironment({ base, platform: 'linux', headed: true }).DISPLAY).toBe(':0');
});

test("the run's variables win, except those that would change our own processes", () => {
  const run = {
    HOME: '/tmp/x',
    API_URL: 'http://api',
    NODE_OPTIONS: '-r x',
    PLAYFLEET_PORT: '1',
    playwright_blob_output_file: 'x',
    LD_PRELOAD: 'x',
  };
  expect(childEnvironment({ base: { HOME: '/' }, run, platform: 'linux' })).toEqual({
    HOME: '/tmp/x',
    API_URL: 'http://api',
  });
});

test('git is shown how the owner reaches private repositories, the suite is not', () => {
  const access = {
    SSH_AUTH_SOCK: '/run/agent.sock',
    GIT_SSH_COMMAND: 'ssh -i key',
    GIT_SSL_CAINFO: '/ca.pem',
    GIT_SSL_CAPATH: '/ca',
  };
  const owner = { ...base, ...access, GIT_DIR: '/elsewhere', GIT_ASKPASS: 'ask' };
  const suite = childEnvironment({ base: owner, platform: 'linux' });
  expect(suite).toEqual(childEnvironment({ base, platform: 'linux' }));
  expect(gitEnvironment({ base: owner, platform: 'linux' })).toEqual({ ...suite, ...access });
  expect(gitEnvironment({ base: { ...base, SSH_AUTH_SOCK: undefined }, platform: 'linux' })).toEqual(suite);
});

test('Windows names compare without case', () => {
  const windows = { Path: 'C:\\Windows', SystemRoot: 'C:\\Windows', Secret: 'x' };
  expect(childEnvironment({ base: windows, platform: 'win32' })).toEqual({
    Path: 'C:\\Windows',
    SystemRoot: 'C:\\Windows',
  });
});
