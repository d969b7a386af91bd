import { expect, test } from 'vitest';
import { discover, names, run, writeSuite } from './inline-suite.ts';

const tests = `import { test, expect } from '@playwright/test';`;

test('an order runs exactly its tests, in each project by itself', async () => {
  const suite = await writeSuite({
    'playwright.config.ts': `export default { fullyParallel: true, projects: [{ name: 'one' }, { name: 'two' }, { name: 'three' }] }`,
    'a.spec.ts': `${tests} test('x', () => {}); test('y', () => {}); test.describe('d', () => { test('x', () => {}); });`,
    'b.spec.ts': `${tests} test('x', () => {}); test('z', () => {});`,
  });
  const discovery = await discover(suite);
  expect(discovery.errors).toEqual([]);
  expect(discovery.units).toHaveLength(15);
  const name = names(discovery);
  const wanted = discovery.tests
    .filter((each) => each.project === 'one' && each.titlePath.at(-1) === 'x')
    .map((each) => each.id);
  wanted.push(
    ...discovery.tests.filter((each) => each.project === 'two' && each.titlePath.length === 2).map((each) => each.id),
  );
  expect(wanted).toHaveLength(4);
  const done = await run(suite, { order: { kind: 'tests', testIds: wanted } });
  expect(done.errors).toEqual([]);
  expect(done.settled.map((each) => name.get(each.testId)).sort()).toEqual([
    '[one] d › x',
    '[one] x',
    '[one] x',
    '[two] d › x',
  ]);
  expect(done.attempts).toHaveLength(4);
  expect(done.end).toMatchObject({
    exitCode: 0,
    signal: null,
    ended: { status: 'passed', notRun: [] },
    stopReason: null,
    left: [],
    swept: 0,
  });
  expect(done.end.blobFile).not.toBeNull();
  expect(done.end.peakMemoryBytes).toBeGreaterThan(30e6);
  expect(done.end.meanCpuPercent).toBeGreaterThan(1);
});
