import { existsSync, mkdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { tempFolder, writeFiles } from '../../support/folders.ts';
import { lock, packPlaywright } from '../../support/npm-project.ts';
import { openTestWorkspaces } from './support.ts';

function npmSuite(files = {}): string {
  const folder = tempFolder();
  mkdirSync(path.join(folder, 'vendor'));
  const playwright = packPlaywright(path.join(folder, 'vendor'));
  writeFiles(folder, {
    'package.json': JSON.stringify({
      name: 'suite',
      devDependencies: { '@playwright/test': `file:vendor/${playwright}` },
    }),
    'a.spec.ts': 'a',
    ...files,
  });
  lock(folder);
  return folder;
}

test('two trees with the same lock file are installed once', async () => {
  const { prepareFolder } = await openTestWorkspaces();
  const suite = npmSuite();
  const first = await prepareFolder(suite);
  expect(first.lines.join('\n')).toContain('installing the dependencies');
  writeFiles(suite, { 'a.spec.ts': 'changed' });
  const second = await prepareFolder(suite);
  expect(second.workspace.project).not.toBe(first.workspace.project);
  expect(second.lines.join('\n')).toContain('installed on this machine already');
  expect(second.lines.join('\n')).not.toContain('installing');
  expect(second.workspace.playwright.version).toBe('1.65.1');
  expect(existsSync(path.join(second.workspace.project, 'node_modules/@playwright/test/index.js'))).toBe(true);
  const inodeIn = (project: string): number =>
    statSync(path.join(project, 'node_modules/@playwright/test/index.js')).ino;
  expect(inodeIn(second.workspace.project)).toBe(inodeIn(first.workspace.project));
});
