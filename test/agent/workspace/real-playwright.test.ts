import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import type { Workspace } from '../../../src-main/agent/workspace/workspaces.ts';
import { commitAll, tempFolder, writeFiles } from '../../support/folders.ts';
import { lock } from '../../support/npm-project.ts';
import { openTestWorkspaces } from './support.ts';

const { version } = JSON.parse(readFileSync(path.resolve('node_modules/@playwright/test/package.json'), 'utf8')) as {
  version: string;
};

async function runTests(workspace: Workspace): Promise<string> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [workspace.playwright.cli, 'test', '--reporter=list'],
    {
      cwd: workspace.project,
      env: { PATH: process.env.PATH, HOME: process.env.HOME },
    },
  );
  return stdout;
}

test('Playwright itself runs in a checkout whose packages were installed for another one, with workspaces of its own tree', async () => {
  const source = tempFolder();
  writeFiles(source, {
    'package.json': JSON.stringify({ name: 'root', private: true, workspaces: ['packages/*'] }),
    '.gitignore': 'node_modules\ntest-results\n',
    'packages/shop/package.json': JSON.stringify({ name: '@acme/shop', version: '1.0.0', main: 'index.ts' }),
    'packages/shop/index.ts': 'export const price: number = 1;\n',
    'packages/shop/expectations.ts': "export { expect } from '@playwright/test';\n",
    'packages/e2e/package.json': JSON.stringify({
      name: 'e2e',
      version: '1.0.0',
      devDependencies: { '@acme/shop': '*', '@playwright/test': version },
    }),
    'packages/e2e/playwright.config.ts':
      "import { defineConfig } from '@playwright/test';\nexport default defineConfig({ workers: 1 });\n",
    'packages/e2e/a.spec.ts': [
      "import { test } from '@playwright/test';",
      "import { price } from '@acme/shop';",
      "import { expect } from '@acme/shop/expectations';",
      "test('price is ' + price, () => expect(price).toBeGreaterThan(0));",
    ].join('\n'),
  });
  lock(source);
  commitAll(source);
  const { prepareFolder } = await openTestWorkspaces();
  const first = await prepareFolder(source, 'packages/e2e');
  expect(first.workspace.playwright.version).toBe(version);
  expect(await runTests(first.workspace)).toMatch(/price is 1[^]*1 passed/);

  writeFiles(source, { 'packages/shop/index.ts': 'export const price: number = 2;\n' });
  const second = await prepareFolder(source, 'packages/e2e');
  expect(second.lines.join('\n')).toContain('are installed on this machine already');
  expect(await runTests(second.workspace)).toMatch(/price is 2[^]*1 passed/);
  expect(await runTests(first.workspace)).toMatch(/price is 1[^]*1 passed/);
});
