import { existsSync, mkdtempSync, readFileSync, readlinkSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { cloneFolder, findModules } from '../../../src-main/agent/workspace/clone-folder.ts';
import { readFiles, tempFolder, writeFiles } from '../../support/folders.ts';

test('a folder is copied with its links, executable bits and folders, and its size is told', async () => {
  const [from, to] = [tempFolder(), tempFolder()];
  writeFiles(from, {
    'node_modules/a/index.js': 'abc',
    'node_modules/a/run': { exec: 'x' },
    'node_modules/.bin/run': { link: '../a/run' },
    'node_modules/@s/b/node_modules/c/index.js': 'nested',
    'node_modules/lib': { link: '../packages/lib' },
    'packages/lib/index.js': 'not copied',
  });
  expect(await cloneFolder('node_modules', { from, to })).toBe(3 + 1 + 6);
  expect(readFiles(path.join(to, 'node_modules'), [])).toEqual(readFiles(path.join(from, 'node_modules'), []));
});

test('an absolute link into the old tree leads into the new one, and one that leads elsewhere is kept', async () => {
  const [from, to, elsewhere] = [tempFolder(), tempFolder(), tempFolder()];
  writeFiles(from, { 'node_modules/x': '', 'packages/lib/index.js': 'old' });
  writeFiles(to, { 'packages/lib/index.js': 'new' });
  symlinkSync(path.join(from, 'packages/lib'), path.join(from, 'node_modules/lib'));
  symlinkSync(elsewhere, path.join(from, 'node_modules/store'));
  await cloneFolder('node_modules', { from, to });
  expect(readFileSync(path.join(to, 'node_modules/lib/index.js'), 'utf8')).toBe('new');
  expect(readlinkSync(path.join(to, 'node_modules/store'))).toBe(elsewhere);
  expect(realpathSync(path.join(to, 'node_modules/lib'))).toBe(path.join(to, 'packages/lib'));
});

test('the outermost folders of packages are found, without following links', async () => {
  const folder = tempFolder();
  writeFiles(folder, {
    'node_modules/a/node_modules/b/index.js': '',
    'packages/x/node_modules/c/index.js': '',
    'packages/y/src/index.ts': '',
    loop: { link: '.' },
  });
  expect((await findModules(folder)).sort()).toEqual(['node_modules', path.join('packages', 'x', 'node_modules')]);
});

test.runIf(existsSync('/dev/shm'))('onto another file system, bytes are copied', async () => {
  const from = tempFolder();
  const to = mkdtempSync('/dev/shm/playfleet-test-');
  onTestFinished(() => rmSync(to, { recursive: true }));
  writeFiles(from, { 'node_modules/a': 'a', 'node_modules/b/run': { exec: 'b' } });
  await cloneFolder('node_modules', { from, to });
  expect(readFiles(path.join(to, 'node_modules'), [])).toEqual({ a: 'a', 'b/run': { exec: 'b' } });
});
