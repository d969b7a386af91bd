import path from 'node:path';
import { expect, test } from 'vitest';
import { findProject } from '../../src-main/bundle/find-project.ts';
import { tempFolder, writeFiles } from '../support/folders.ts';

test.each(['ts', 'js', 'mjs', 'cjs', 'mts', 'cts'])(
  'a folder with playwright.config.%s is a project, seen from below',
  (extension) => {
    const top = tempFolder();
    writeFiles(top, {
      'package.json': '{}',
      [`e2e/playwright.config.${extension}`]: '',
      'e2e/tests/deep/a.spec.ts': '',
    });
    const folder = path.join(top, 'e2e');
    expect(findProject(path.join(folder, 'tests/deep'))).toEqual({
      folder,
      config: path.join(folder, `playwright.config.${extension}`),
    });
  },
);

test('a config above wins over a package below, and without any config the package that depends on Playwright is the project', () => {
  const top = tempFolder();
  const withPlaywright = JSON.stringify({ devDependencies: { '@playwright/test': '1' } });
  writeFiles(top, { 'package.json': withPlaywright, 'sub/package.json': '{}', 'sub/tests/a.spec.ts': '' });
  expect(findProject(path.join(top, 'sub/tests'))).toEqual({ folder: top, config: null });
  writeFiles(top, { 'sub/package.json': withPlaywright, 'playwright.config.ts': '' });
  expect(findProject(path.join(top, 'sub/tests'))).toEqual({
    folder: top,
    config: path.join(top, 'playwright.config.ts'),
  });
});

test('--config names a file or a folder, and Playwright keeps working in the folder it was started in', () => {
  const top = tempFolder();
  writeFiles(top, { 'e2e/my.config.ts': '', 'other/playwright.config.ts': '', 'sub/x': '' });
  expect(findProject(top, 'e2e/my.config.ts')).toEqual({ folder: top, config: path.join(top, 'e2e/my.config.ts') });
  expect(findProject(top, 'other')).toEqual({ folder: top, config: path.join(top, 'other/playwright.config.ts') });
  expect(findProject(path.join(top, 'sub'), '../other')).toEqual({
    folder: path.join(top, 'other'),
    config: path.join(top, 'other/playwright.config.ts'),
  });
});

test('what cannot be found is named, with what would help', () => {
  const top = tempFolder();
  writeFiles(top, { 'package.json': '{}', 'empty/x': '', 'broken/package.json': '{' });
  expect(() => findProject(path.join(top, 'empty'))).toThrow(/No Playwright project in .*empty.*--config/);
  expect(() => findProject(top, 'empty')).toThrow(/no playwright.config.ts .* in .*empty/);
  expect(() => findProject(top, 'nothing.ts')).toThrow(/config file .*nothing.ts does not exist/);
  expect(() => findProject(path.join(top, 'nothing'))).toThrow(/nothing is not a folder/);
  expect(() => findProject(path.join(top, 'broken'))).toThrow(/broken.package.json is not valid JSON/);
});
