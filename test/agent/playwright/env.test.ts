import { expect, test } from 'vitest';
import { childEnvironment } from '../../../src-main/agent/playwright/env.ts';

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

test('Windows names compare without case', () => {
  const windows = { Path: 'C:\\Windows', SystemRoot: 'C:\\Windows', Secret: 'x' };
  expect(childEnvironment({ base: windows, platform: 'win32' })).toEqual({
    Path: 'C:\\Windows',
    SystemRoot: 'C:\\Windows',
  });
});
