/** The same order, revocation and results with the Playwright versions that queue runs are promised for. */
import { writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { discover, finish, names, start, withPlaywright, writeSuite } from './inline-suite.ts';

const use = `import { test, expect } from '@playwright/test'; import { existsSync } from 'node:fs';`;

test.for(['playwright-1-45', 'playwright-1-56', 'playwright-1-61', '@playwright/test'])(
  '%s runs exactly what is ordered, gives back what has not begun, and writes a blob',
  { timeout: 120_000 },
  async (installed) => {
    const suite = await writeSuite({
      'playwright.config.ts': `export default { fullyParallel: true, retries: 1, shard: { current: 1, total: 3 }, projects: [
        { name: 'login', testMatch: /login.ts/ }, { name: 'shop', testMatch: /shop|steps/, dependencies: ['login'] },
        { name: 'seed', testMatch: /seed.ts/ }, { name: 'api', testMatch: /api.ts/, dependencies: ['seed'] },
      ] }`,
      'login.ts': `${use} test('login', () => {});`,
      'seed.ts': `${use} test('seed', () => {});`,
      'api.ts': `${use} test('answers', () => {}); test('refuses', () => {});`,
      'shop.ts': `${use}
        test('holds', async ({}, info) => {
          while (!existsSync(process.env.GATE)) await new Promise((r) => setTimeout(r, 20));
          expect(info.retry).toBe(1);
        });
        test('buys', () => {}); test('sells', () => {}); test('browses', () => {}); test('leaves', () => {});`,
      'steps.ts': `${use} test.describe.serial('steps', () => { test('one', () => {}); test('two', () => {}); });`,
    });
    await withPlaywright(suite, installed);
    const discovery = await discover(suite, ['--shard=1/1']);
    expect(discovery.errors).toEqual([]);
    const idOf = (title: string) => [...names(discovery)].find(([, name]) => name === title)?.[0] ?? '';
    const ordered = ['holds', 'buys', 'sells', 'browses'].map((title) => idOf(`[shop] ${title}`));
    const running = await start(suite, {
      order: { kind: 'tests', testIds: [...ordered, idOf('[shop] steps › one'), idOf('[shop] steps › two')] },
      env: { GATE: `${suite}/open` },
    });
    await running.until(({ messages }) =>
      messages.some((message) => message.type === 'testBegin' && message.testId === ordered[0]),
    );
    running.process.revoke([idOf('[shop] sells'), idOf('[shop] browses')]);
    await running.until(({ messages }) => messages.some((message) => message.type === 'revoked'));
    expect(running.messages.find((message) => message.type === 'revoked')?.testIds.toSorted()).toEqual(
      [idOf('[shop] sells'), idOf('[shop] browses')].toSorted(),
    );
    await writeFile(`${suite}/open`, '');
    const done = await finish(running);
    expect(done.errors).toEqual([]);
    expect(done.attempts.map(({ testId, retry }) => `${names(discovery).get(testId)} ${retry}`).toSorted()).toEqual([
      '[login] login 0',
      '[shop] buys 0',
      '[shop] holds 0',
      '[shop] holds 1',
      '[shop] steps › one 0',
      '[shop] steps › two 0',
    ]);
    expect(
      Object.fromEntries(done.settled.map(({ testId, outcome }) => [names(discovery).get(testId), outcome])),
    ).toEqual({
      '[login] login': 'expected',
      '[shop] holds': 'flaky',
      '[shop] buys': 'expected',
      '[shop] steps › one': 'expected',
      '[shop] steps › two': 'expected',
    });
    expect(done.end).toMatchObject({
      exitCode: 0,
      ended: { status: 'passed', notRun: [], notRunReason: null },
      left: [],
    });
    expect(done.end.blobFile).not.toBeNull();
  },
);
