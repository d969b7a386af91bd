/** A Playwright suite without browsers, whose tests write down when they begin: what really ran can be compared with what was counted. */
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { root } from '../../scripts/programs.ts';

export interface LedgerEntry {
  title: string;
  /** Milliseconds since the epoch. */
  at: number;
}

export interface FaultSuite {
  dir: string;
  tests: number;
  ledger(): Promise<LedgerEntry[]>;
}

const PER_FILE = 10;

/** `files` × `perFile` tests of about `ms` milliseconds each. */
export async function writeSuite(dir: string, files: number, ms: number, perFile = PER_FILE): Promise<FaultSuite> {
  await mkdir(dir, { recursive: true });
  const ledger = path.join(dir, 'ledger.txt');
  await writeFile(ledger, '');
  await writeFile(path.join(dir, 'package.json'), '{"private":true,"type":"module"}');
  await writeFile(
    path.join(dir, 'playwright.config.js'),
    `export default { testDir: '.', fullyParallel: true, timeout: ${2 * ms + 30_000}, projects: [{ name: 'api', use: {} }] };\n`,
  );
  for (let file = 0; file < files; file++) {
    await writeFile(
      path.join(dir, `part-${file}.spec.js`),
      `import { appendFileSync } from 'node:fs';
import { test } from '@playwright/test';
for (let n = 0; n < ${perFile}; n++) {
  test('test ${file}-' + n, async ({}, testInfo) => {
    appendFileSync(${JSON.stringify(ledger)}, testInfo.title + ' ' + Date.now() + '\\n');
    await new Promise((resolve) => setTimeout(resolve, ${ms}));
  });
}
`,
    );
  }
  await symlink(path.join(root, 'node_modules'), path.join(dir, 'node_modules'), 'dir');
  return {
    dir,
    tests: files * perFile,
    async ledger() {
      const lines = (await readFile(ledger, 'utf8')).split('\n').filter((line) => line !== '');
      return lines.map((line) => {
        const at = line.lastIndexOf(' ');
        return { title: line.slice(0, at), at: Number(line.slice(at + 1)) };
      });
    },
  };
}
