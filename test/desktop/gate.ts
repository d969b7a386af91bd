/** A real suite whose tests run for as long as a test of ours wants. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Run } from '../../shared/protocol/rest/runs.ts';
import { writeSuite } from '../agent/playwright/inline-suite.ts';
import { tempFolder } from '../support/folders.ts';
import type { TestApp } from './app.ts';

export interface Gate {
  suite: string;
  /** Lets what runs end. */
  open(): void;
}

/** `count` tests that wait for the gate, in files of their own. */
export async function gatedSuite(count = 1): Promise<Gate> {
  const gate = path.join(tempFolder(), 'open');
  const spec = (n: number) => `import { existsSync } from 'node:fs';
import { test } from '@playwright/test';
test('waits at gate ${n}', async () => {
  while (!existsSync(${JSON.stringify(gate)})) await new Promise((resolve) => setTimeout(resolve, 50));
});`;
  const files = Object.fromEntries(Array.from({ length: count }, (_, n) => [`gate-${n}.spec.ts`, spec(n)]));
  return { suite: await writeSuite(files), open: () => writeFileSync(gate, '') };
}

export async function launch(app: TestApp, suite: string): Promise<string> {
  const source = { type: 'path', path: suite };
  const made = await app.api<{ test_run_id: string }>('POST', '/test-runs/create', {
    name: 'gated',
    project: 'shop',
    source,
  });
  return made.test_run_id;
}

export const readRun = (app: TestApp, id: string): Promise<Run> => app.api<Run>('GET', `/test-runs/${id}`);
