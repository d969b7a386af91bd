import { expect, test } from 'vitest';
import { EXTERNAL, runtimePackages, type Locked } from '../../scripts/packaging/runtime-packages.ts';
import { readLock, shippedPackages } from '../../scripts/packaging/shipped.ts';

const { packages } = await readLock();
const names = (platform: 'linux' | 'darwin' | 'win32', arch: 'x64' | 'arm64') =>
  runtimePackages(packages, { platform, arch }).map((at) => at.replace(/^.*node_modules\//, ''));

test('what ships beside the bundles is what they look for, with the native part of the system it is made for', () => {
  const linux = names('linux', 'x64');
  expect(linux).toEqual(expect.arrayContaining(EXTERNAL));
  expect(linux).toEqual(
    expect.arrayContaining(['@libsql/linux-x64-gnu', '@node-rs/argon2-linux-x64-gnu', 'detect-libc']),
  );
  expect(linux.filter((name) => /darwin|win32|musl|arm64|fsevents/.test(name))).toEqual([]);
  expect(names('linux', 'arm64')).toContain('@libsql/linux-arm64-gnu');
  expect(names('win32', 'x64')).toContain('@libsql/win32-x64-msvc');
  // None of what is in the bundles, and none of our tools.
  expect(linux).not.toContain('hono');
  expect(
    runtimePackages(packages, { platform: 'linux', arch: 'x64' }).filter((at) => packages[at]!.dev === true),
  ).toEqual([]);
});

test('an app for macOS holds the native parts of both processors', () => {
  for (const arch of ['x64', 'arm64'] as const) {
    expect(names('darwin', arch)).toEqual(
      expect.arrayContaining(['@libsql/darwin-x64', '@libsql/darwin-arm64', '@node-rs/argon2-darwin-arm64']),
    );
  }
});

test('a system for which a native part does not exist is refused by name', () => {
  expect(() => names('win32', 'arm64')).toThrow('node_modules/libsql has no native part for win32-arm64');
});

test('a package inside another is found before the one beside it, and one that is not locked is named', () => {
  const lock: Record<string, Locked> = Object.fromEntries(EXTERNAL.map((name) => [`node_modules/${name}`, {}]));
  lock['node_modules/libsql'] = { dependencies: { inner: '1', outer: '1' } };
  lock['node_modules/libsql/node_modules/inner'] = { dependencies: { outer: '1' } };
  lock['node_modules/inner'] = {};
  lock['node_modules/outer'] = {};
  const target = { platform: 'linux', arch: 'x64' } as const;
  const found = runtimePackages(lock, target);
  expect(found).toContain('node_modules/libsql/node_modules/inner');
  expect(found).toContain('node_modules/outer');
  expect(found).not.toContain('node_modules/inner');
  delete lock['node_modules/outer'];
  expect(() => runtimePackages(lock, target)).toThrow('outer, which node_modules/libsql');
});

test('what ships is what is not for development, and what the dashboard is built with', async () => {
  const lock = await readLock();
  const shipped = await shippedPackages(lock);
  for (const name of ['hono', 'libsql', 'react', 'react-dom', 'echarts', 'zrender']) {
    expect([name, shipped.includes(`node_modules/${name}`)]).toEqual([name, true]);
  }
  for (const name of ['vitest', 'vite', 'electron-builder', 'typescript']) {
    expect([name, shipped.includes(`node_modules/${name}`)]).toEqual([name, false]);
  }
});
