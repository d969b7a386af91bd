import path from 'node:path';
import { symlinkSync } from 'node:fs';
import { expect, test } from 'vitest';
import { tempFolder, writeFiles } from '../../support/folders.ts';
import { committedPlaywright, openTestWorkspaces } from './support.ts';

test('a suite in an allowed folder is used in place, with packages of the folders above it', async () => {
  const top = tempFolder();
  writeFiles(top, { ...committedPlaywright, 'e2e/a.spec.ts': 'a' });
  const { prepare } = await openTestWorkspaces({ allowPaths: [top] });
  const { workspace } = await prepare({ type: 'path', path: path.join(top, 'e2e') });
  expect(workspace.project).toBe(path.join(top, 'e2e'));
  expect(workspace.playwright).toEqual({
    cli: path.join(top, 'node_modules/@playwright/test/cli.js'),
    version: '1.65.1',
  });
  workspace.release();
});

test('nothing is installed into a folder that is not ours: missing packages are named', async () => {
  const top = tempFolder();
  writeFiles(top, { 'package.json': JSON.stringify({ dependencies: { x: '1' } }) });
  const { prepare } = await openTestWorkspaces({ allowPaths: [top] });
  await expect(prepare({ type: 'path', path: top })).rejects.toMatchObject({
    code: 'playwright-missing',
    permanent: false,
    message: expect.stringContaining(`Install the project's dependencies in ${top}`) as string,
  });
});

test('folders that are not allowed are refused, and what is in them is not told', async () => {
  const [allowed, other] = [tempFolder(), tempFolder()];
  writeFiles(allowed, { 'suite/a': '' });
  writeFiles(other, committedPlaywright);
  symlinkSync(other, path.join(allowed, 'way-out'));
  const { prepare } = await openTestWorkspaces({ allowPaths: [allowed, '/nonexistent/allowed'] });
  const hostile = [
    other,
    path.join(allowed, 'way-out'),
    path.join(allowed, '..'),
    `${allowed}-sibling`,
    path.join(other, 'nothing'),
    '/',
    '/etc',
  ];
  for (const wanted of hostile)
    await expect(prepare({ type: 'path', path: wanted }), wanted).rejects.toMatchObject({ code: 'not-allowed' });
  for (const wanted of ['relative', '', 'a\0b', '~/x'])
    await expect(prepare({ type: 'path', path: wanted }), wanted).rejects.toMatchObject({ code: 'bad-source' });
  await expect(prepare({ type: 'path', path: path.join(allowed, 'nothing') })).rejects.toMatchObject({
    code: 'bad-source',
  });
  await expect(prepare({ type: 'path', path: path.join(allowed, 'suite/a') })).rejects.toMatchObject({
    code: 'bad-source',
  });
});

test('without allowed folders no path is taken', async () => {
  const top = tempFolder();
  const { prepare } = await openTestWorkspaces();
  await expect(prepare({ type: 'path', path: top })).rejects.toThrow(/owner of this machine does not allow tests from/);
});
