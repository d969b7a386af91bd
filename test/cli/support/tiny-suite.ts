/** A suite of four tests, one of each outcome, that uses the Playwright of this folder. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { tempFolder } from '../../support/folders.ts';

const SPEC = `import { test, expect } from '@playwright/test';
test('passes', () => {});
test('fails', () => { console.log('said by the test'); expect(1).toBe(2); });
test('wobbles', ({}, info) => { expect(info.retry).toBe(1); });
test.skip('is left out', () => {});
`;

export function suite(): string {
  const folder = tempFolder();
  symlinkSync(path.resolve(import.meta.dirname, '../../../node_modules'), path.join(folder, 'node_modules'));
  writeFileSync(
    path.join(folder, 'package.json'),
    JSON.stringify({ name: 'tiny', devDependencies: { '@playwright/test': '1' } }),
  );
  writeFileSync(
    path.join(folder, 'playwright.config.ts'),
    `export default { testDir: 'tests', retries: 1, fullyParallel: true };`,
  );
  mkdirSync(path.join(folder, 'tests'));
  writeFileSync(path.join(folder, 'tests/a.spec.ts'), SPEC);
  return folder;
}
