import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../shared/base/clock.ts';
import { parseTree } from '../../shared/protocol/tree.ts';
import { packTree, type PackedTree } from '../../src-main/bundle/pack.ts';
import { commitAll, gitEnv, tempFolder, writeFiles } from '../support/folders.ts';

const options = { env: gitEnv, clock: systemClock };
const pathsOf = (packed: PackedTree): string[] =>
  parseTree(Buffer.from(packed.manifest)).tree!.files.map((file) => file.path);

const suite = { 'package.json': '{}', 'playwright.config.ts': 'export default {};', 'tests/a.spec.ts': 'a' };

describe('without git', () => {
  test('packs the folder itself, and not what every machine makes anew', async () => {
    const folder = tempFolder();
    writeFiles(folder, {
      ...suite,
      'node_modules/x/index.js': 'x',
      'test-results/r.png': 'r',
      'playwright-report/index.html': 'h',
      'blob-report/b.zip': 'b',
    });
    const packed = await packTree(folder, options);
    expect(pathsOf(packed)).toEqual(['package.json', 'playwright.config.ts', 'tests/a.spec.ts']);
    expect(packed.root).toBe(folder);
    expect(packed.projectDir).toBe('');
  });
});

describe('in a git repository', () => {
  test('packs the whole repository of a suite in a subfolder, with what is new and not ignored', async () => {
    const repository = tempFolder();
    writeFiles(repository, {
      'package-lock.json': '{}',
      'shared/util.ts': 'u',
      '.gitignore': 'dist/\n',
      'dist/out.js': 'o',
      'e2e/playwright.config.ts': '',
    });
    commitAll(repository);
    writeFiles(repository, { 'e2e/new.spec.ts': 'n' });
    const packed = await packTree(path.join(repository, 'e2e'), options);
    expect(pathsOf(packed)).toEqual([
      '.gitignore',
      'e2e/new.spec.ts',
      'e2e/playwright.config.ts',
      'package-lock.json',
      'shared/util.ts',
    ]);
    expect(packed.root).toBe(repository);
    expect(packed.projectDir).toBe('e2e');
  });
});
