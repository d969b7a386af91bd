import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { root } from '../../scripts/programs.ts';
import * as hooks from '../../scripts/packaging/hooks.ts';
import { FUSES } from '../../src-main/desktop/fuses.ts';
import { systemdUnit } from '../../src-main/agent/service/service-text.ts';
import { isAllowed, isAllowedInAsar, isForbidden, leaks } from '../pack/contents.ts';
import { tempFolder, writeFiles } from '../support/folders.ts';

const read = (name: string): string => readFileSync(path.join(root, name), 'utf8');
const config = parse(read('electron-builder.yml')) as {
  icon: string;
  files: string[];
  extraResources: { from: string; filter: string }[];
  beforeBuild: string;
  beforePack: string;
  electronFuses: Record<string, boolean>;
  protocols: { schemes: string[] }[];
  mac: Record<string, unknown>;
  win: { target: { target: string; arch: string }[] };
  linux: { target: string[]; executableName: string };
  deb: { afterInstall: string; afterRemove: string; fpm: string[] };
};

test('every file that packing is told of exists, and its hooks are there', () => {
  const named = [
    config.icon,
    config.beforeBuild,
    config.beforePack,
    config.deb.afterInstall,
    config.deb.afterRemove,
    ...config.deb.fpm.map((option) => option.replace(/^--[\w-]+=/, '').split('=')[0]!),
    config.mac['entitlements'] as string,
    config.mac['entitlementsInherit'] as string,
  ];
  expect(named.filter((file) => !existsSync(path.join(root, file)))).toEqual([]);
  expect([config.beforeBuild, config.beforePack]).toEqual(Array(2).fill('./scripts/packaging/hooks.ts'));
  expect(hooks.beforeBuild()).toBe(false);
  expect(hooks.beforePack).toBeInstanceOf(Function);
});

test('the asar gets bundles only; programs lie beside it, and the app is no Node for others', () => {
  expect(config.files).toEqual(['dist/desktop/**', '!**/*.map']);
  expect(config.extraResources).toEqual([{ from: 'out/stage/${os}-${arch}', to: '.', filter: 'playfleet/**' }]);
  const byName = Object.entries(FUSES).map(([name, value]) => [`${name[0]!.toLowerCase()}${name.slice(1)}`, value]);
  expect(config.electronFuses).toEqual(Object.fromEntries(byName));
});

test('packages are made for the systems that there are native parts for', () => {
  expect(config.win.target).toEqual([{ target: 'nsis', arch: 'x64' }]);
  expect(config.mac['target']).toEqual([
    { target: 'dmg', arch: 'universal' },
    { target: 'zip', arch: 'universal' },
  ]);
  expect(config.linux.target).toEqual(['AppImage', 'deb']);
  expect(config.protocols.flatMap(({ schemes }) => schemes)).toEqual(['playfleet']);
});

test('the entitlements ask for what V8 needs, and for nothing else', () => {
  const keys = [...read('resources/package/entitlements.mac.plist').matchAll(/<key>([^<]+)<\/key>/g)].map(
    ([, key]) => key,
  );
  expect(keys).toEqual(['com.apple.security.cs.allow-jit']);
});

/** Of the kind `Name=value`, comments left out. */
const settings = (unit: string) => unit.split('\n').filter((line) => /^[A-Z]\w+=/.test(line));

test("the package's unit stops and starts again as the one that a worker installs, as a user of its own", () => {
  const unit = read('resources/package/linux/playfleet-worker.service');
  const own = systemdUnit({
    node: 'n',
    program: 'p',
    args: [],
    dataDir: '/d',
    path: '',
    drainSeconds: 300,
    scope: 'system',
  });
  const ofBoth = settings(own).filter((line) => !/^(ExecStart|Environment|RestartPrevent)/.test(line));
  expect(ofBoth.length).toBeGreaterThan(6);
  expect(settings(unit)).toEqual(expect.arrayContaining(ofBoth));
  expect(settings(unit)).toEqual(expect.arrayContaining(['User=playfleet', 'RestartPreventExitStatus=2 3']));
});

const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0;
test.skipIf(!hasSystemd)("systemd finds nothing wrong with the package's unit", () => {
  const folder = tempFolder();
  // Its program is there once the package is installed.
  const unit = read('resources/package/linux/playfleet-worker.service').replace('/usr/bin/playfleet', process.execPath);
  writeFiles(folder, { 'playfleet-worker.service': unit });
  const { stderr, status } = spawnSync('systemd-analyze', ['verify', path.join(folder, 'playfleet-worker.service')], {
    encoding: 'utf8',
  });
  expect([status, stderr]).toEqual([0, '']);
});

test.each(['after-install.tpl', 'after-remove.tpl', 'before-remove.sh'])(
  '%s is a script that a shell can read',
  (name) => {
    const script = read(`resources/package/linux/${name}`);
    const placeholders = [...script.matchAll(/\$\{([a-zA-Z]+)\}/g)].map(([, one]) => one);
    expect(placeholders.filter((one) => !['executable', 'sanitizedProductName'].includes(one!))).toEqual([]);
    const filled = script
      .replaceAll('${executable}', 'playfleet-desktop')
      .replaceAll('${sanitizedProductName}', 'Playfleet');
    expect(spawnSync('sh', ['-n'], { input: filled, encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
  },
);

test('what a package may hold is a list; what is not on it stands out', () => {
  const shipped = ['node_modules/libsql'];
  const allowed = (file: string) => isAllowed(file, ['playfleet-desktop'], shipped);
  for (const file of [
    'playfleet-desktop',
    'resources/app.asar',
    'resources/playfleet/dist/reporter.cjs',
    'resources/playfleet/node_modules/libsql/index.js',
    'resources/playfleet/node/bin/node',
  ]) {
    expect([file, allowed(file)]).toEqual([file, true]);
  }
  for (const file of [
    'resources/app/package.json',
    'resources/playfleet/src-main/cli/main.ts',
    'resources/playfleet/dist/desktop/main.mjs',
    'resources/playfleet/node_modules/vitest/index.js',
    'resources/playfleet/.env',
    'chromium.log',
  ]) {
    expect([file, allowed(file)]).toEqual([file, false]);
  }
  expect(isAllowedInAsar('dist/desktop/preload.cjs')).toBe(true);
  expect(isAllowedInAsar('node_modules/electron-updater/index.js')).toBe(false);
  expect(['a.map', 'a/b.ts', 'x/.env.local', '.npmrc', 'worker/key.json'].filter((file) => !isForbidden(file))).toEqual(
    [],
  );
});

test('keys, tokens and paths of the machine that builds are seen in a text', () => {
  const key = `-----BEGIN PRIVATE KEY-----\n${'MIIEvQIBADANBgkqhkiG9w0BAQEFAASC'.repeat(4)}\n-----END PRIVATE KEY-----`;
  expect(leaks(`const key = \`${key}\``, '/src-of/it')).toEqual(['a private key']);
  expect(leaks("'-----BEGIN PRIVATE KEY-----' + body", '/src-of/it')).toEqual([]);
  expect(leaks(`pfa_${'x'.repeat(32)} in /src-of/it/src`, '/src-of/it')).toEqual([
    'a token',
    'the path of the sources',
  ]);
});
