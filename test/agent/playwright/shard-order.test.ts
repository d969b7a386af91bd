import { expect, test } from 'vitest';
import type { Order } from '../../../shared/protocol/ipc.ts';
import { discover, run, writeSuite } from './inline-suite.ts';

const files = {
  'playwright.config.ts': `export default { fullyParallel: true, projects: [{ name: 'setup', testMatch: /setup.ts/ }, { name: 'app', dependencies: ['setup'] }] }`,
  'setup.ts': `import { test } from '@playwright/test'; test('sign in', () => {});`,
  'a.spec.ts': `import { test } from '@playwright/test'; for (const n of [1, 2, 3, 4, 5]) test('a' + n, () => {});`,
  'b.spec.ts': `import { test } from '@playwright/test'; for (const n of [1, 2]) test.skip('b' + n, () => {}); test('b3', () => {});`,
};

async function shard(suite: string, index: number, settledTestIds: string[] = []): Promise<string[]> {
  const order: Order = { kind: 'shard', index, total: 3, settledTestIds };
  const done = await run(suite, { order });
  expect(done.end).toMatchObject({ exitCode: 0, ended: { status: 'passed', notRun: [] } });
  const planned = done.messages.find((message) => message.type === 'planned');
  const supporting = new Set(planned?.type === 'planned' ? planned.supportingTestIds : []);
  return done.settled.map((each) => each.testId).filter((id) => !supporting.has(id));
}

test('all shards together run every test once, and a shard begun before runs only its rest', async () => {
  const suite = await writeSuite(files);
  const discovery = await discover(suite);
  const all = discovery.units.flatMap((unit) => unit.testIds).sort();
  const shards = [await shard(suite, 1), await shard(suite, 2), await shard(suite, 3)];
  expect(shards.flat().sort()).toEqual(all);

  const second = shards[1] ?? [];
  expect(second.length).toBeGreaterThan(1);
  // Also ids of other shards, as a coordinator may know them.
  const settled = [...second.slice(0, 1), ...(shards[0] ?? [])];
  expect(await shard(suite, 2, settled)).toEqual(second.slice(1));
  // Nothing is left to run: that is no failure.
  expect(await shard(suite, 2, second)).toEqual([]);
});
