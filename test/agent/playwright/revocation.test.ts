import { writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import type { ReporterMessage } from '../../../shared/protocol/ipc.ts';
import { Revocation } from '../../../src-main/agent/playwright/reporter/revocation.ts';
import { discover, finish, names, run, start, writeSuite, type Running } from './inline-suite.ts';

const use = `import { test, expect } from '@playwright/test'; import { existsSync } from 'node:fs';
const gate = async () => { while (!existsSync(process.env.GATE)) await new Promise((r) => setTimeout(r, 20)); };`;

/** Waits for the first message that `is` meant. */
async function seen(running: Running, is: (message: ReporterMessage) => boolean): Promise<ReporterMessage | undefined> {
  await running.until(({ messages }) => messages.some(is));
  return running.messages.find(is);
}

const suiteOf = (files: Record<string, string>) =>
  writeSuite({ 'playwright.config.ts': `export default { fullyParallel: true, retries: 1 }`, ...files });

test('tests that have not begun are given back, the process goes on without them and says nothing of them', async () => {
  const suite = await suiteOf({
    'a.spec.ts': `${use}
      test('holds', async () => { await gate(); });
      for (const name of ['next', 'third', 'fourth', 'fifth']) test(name, () => {});`,
  });
  const discovery = await discover(suite);
  const idOf = (title: string) => [...names(discovery)].find(([, name]) => name === title)?.[0] ?? '';
  const testIds = ['holds', 'next', 'third', 'fourth', 'fifth'].map(idOf);
  const running = await start(suite, { order: { kind: 'tests', testIds }, env: { GATE: `${suite}/open` } });
  await seen(running, (message) => message.type === 'testBegin' && message.testId === idOf('holds'));
  running.process.revoke(['holds', 'third', 'fifth'].map(idOf));
  const answer = await seen(running, (message) => message.type === 'revoked');
  expect(answer).toEqual({ type: 'revoked', testIds: [idOf('third'), idOf('fifth')] });
  running.process.revoke([idOf('third')]);
  const again = await seen(running, (message) => message.type === 'revoked' && message.testIds.length === 0);
  expect(again).toBeDefined();
  await writeFile(`${suite}/open`, '');
  const done = await finish(running);
  expect(done.attempts.map((attempt) => names(discovery).get(attempt.testId))).toEqual(['holds', 'next', 'fourth']);
  expect(done.settled).toHaveLength(3);
  expect(done.end).toMatchObject({ exitCode: 0, ended: { status: 'passed', notRun: [], notRunReason: null } });
});

test('a unit is given back whole or not at all', async () => {
  const suite = await suiteOf({
    'a.spec.ts': `${use} test('holds', async () => { await gate(); }); test('next', () => {});`,
    'b.spec.ts': `${use} test.describe.serial('steps', () => { test('one', () => {}); test('two', () => {}); });`,
  });
  const discovery = await discover(suite);
  const idOf = (title: string) => [...names(discovery)].find(([, name]) => name === title)?.[0] ?? '';
  const testIds = ['holds', 'next', 'steps › one', 'steps › two'].map(idOf);
  const running = await start(suite, { order: { kind: 'tests', testIds }, env: { GATE: `${suite}/open` } });
  await seen(running, (message) => message.type === 'testBegin');
  running.process.revoke([idOf('steps › one')]);
  expect(await seen(running, (message) => message.type === 'revoked')).toEqual({ type: 'revoked', testIds: [] });
  running.process.revoke([idOf('steps › one'), idOf('steps › two')]);
  const both = await seen(running, (message) => message.type === 'revoked' && message.testIds.length === 2);
  expect(both).toBeDefined();
  await writeFile(`${suite}/open`, '');
  const done = await finish(running);
  expect(done.attempts.map((attempt) => names(discovery).get(attempt.testId))).toEqual(['holds', 'next']);
});

test('what is ordered first begins first where the order is free, and steps stay in theirs', async () => {
  const suite = await suiteOf({
    'a.spec.ts': `${use} test('short', () => {}); test('long', () => {});`,
    'b.spec.ts': `${use} test.describe.serial('steps', () => { test('one', () => {}); test('two', () => {}); });`,
  });
  const discovery = await discover(suite);
  const idOf = (title: string) => [...names(discovery)].find(([, name]) => name === title)?.[0] ?? '';
  const testIds = ['steps › two', 'steps › one', 'long', 'short'].map(idOf);
  const done = await run(suite, { order: { kind: 'tests', testIds } });
  expect(done.attempts.map((attempt) => names(discovery).get(attempt.testId))).toEqual([
    'steps › one',
    'steps › two',
    'long',
    'short',
  ]);
});

test('what a worker without a test may be about to begin is not given back', () => {
  const units = ['a', 'b', 'c', 'd'].map((id) => [{ id, expectedStatus: 'passed' as const }]);
  const revocation = new Revocation(units, 2);
  revocation.begun('a');
  // One of two workers is between two tests.
  expect(revocation.revoke(['a', 'b', 'c', 'd'])).toEqual(['c', 'd']);
  revocation.ended('a');
  expect(revocation.revoke(['b'])).toEqual([]);
  expect(units.map(([each]) => each?.expectedStatus)).toEqual(['passed', 'passed', 'skipped', 'skipped']);
});
