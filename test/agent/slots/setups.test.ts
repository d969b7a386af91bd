import { expect, test } from 'vitest';
import type { TestOutcome } from '../../../shared/protocol/playwright.ts';
import { Setups, type SetupPart } from '../../../src-main/agent/slots/setups.ts';

/** A checkout, and a clock whose timers a test lets run. */
function folder() {
  const timers: { ms: number; fn: () => void }[] = [];
  const clock = {
    now: () => 0,
    monotonic: () => 0,
    after: (ms: number, fn: () => void) => {
      const timer = { ms, fn };
      timers.push(timer);
      return () => void timers.splice(0, timers.length, ...timers.filter((each) => each !== timer));
    },
  };
  let holds = 0;
  const workspace = {
    project: '/suite',
    use: {},
    hold: () => {
      holds++;
      return () => void holds--;
    },
  };
  return { setups: new Setups(clock), workspace, timers, holds: () => holds };
}

const settled = (testId: string, outcome: TestOutcome = 'expected') => ({ testId, outcome, attempts: 1 });

/** Asks, and keeps the answers in the order in which they come. */
function asker() {
  const answers: [string, string[]][] = [];
  const ask = (name: string, part: SetupPart, testIds: string[]) =>
    void part.ask(testIds).then((done) => answers.push([name, done]));
  /** After all that was answered by now. */
  const heard = () => Promise.resolve().then(() => answers);
  return { ask, heard };
}

test('the first process runs the setup, the others wait for it and need not', async () => {
  const { setups, workspace } = folder();
  const { ask, heard } = asker();
  const [first, second] = [setups.join('run', workspace), setups.join('run', workspace)];
  ask('first', first, ['login', 'seed']);
  ask('second', second, ['login']);
  expect(await heard()).toEqual([['first', []]]);
  first.settled([settled('login'), settled('other')]);
  expect((await heard())[1]).toEqual(['second', ['login']]);
});

test('where the setup fails or its process dies, the next process tries by itself', async () => {
  const { setups, workspace } = folder();
  const { ask, heard } = asker();
  const [a, b, c] = [0, 1, 2].map(() => setups.join('run', workspace));
  ask('a', a!, ['login']);
  ask('b', b!, ['login']);
  ask('c', c!, ['login']);
  a!.settled([settled('login', 'unexpected')]);
  expect(await heard()).toEqual([
    ['a', []],
    ['b', []],
  ]);
  b!.end();
  expect((await heard())[2]).toEqual(['c', []]);
});

test('nobody waits for what is done, and only what is missing is run', async () => {
  const { setups, workspace } = folder();
  const { ask, heard } = asker();
  const first = setups.join('run', workspace);
  ask('first', first, ['login']);
  first.settled([settled('login', 'flaky')]);
  ask('second', setups.join('run', workspace), ['login', 'seed']);
  expect((await heard())[1]).toEqual(['second', ['login']]);
});

test('a process that ends while it waits is forgotten', async () => {
  const { setups, workspace } = folder();
  const { ask, heard } = asker();
  const [first, second] = [setups.join('run', workspace), setups.join('run', workspace)];
  ask('first', first, ['login']);
  ask('second', second, ['login']);
  second.end();
  first.settled([settled('login')]);
  expect(await heard()).toEqual([['first', []]]);
});

test('another run, and a checkout that was put back meanwhile, begin anew', async () => {
  const { setups, workspace, holds } = folder();
  const { ask, heard } = asker();
  const first = setups.join('run', workspace);
  ask('first', first, ['login']);
  first.settled([settled('login')]);
  ask('another run', setups.join('another', workspace), ['login']);
  ask('put back', setups.join('run', { ...workspace, use: {} }), ['login']);
  expect((await heard()).map(([, done]) => done)).toEqual([[], [], []]);
  expect(holds()).toBe(2);
});

test('the checkout is held for a while after the last process, for the next task of the run', () => {
  const { setups, workspace, timers, holds } = folder();
  setups.join('run', workspace).end();
  expect(holds()).toBe(1);
  const again = setups.join('run', workspace);
  expect(timers).toEqual([]);
  again.end();
  timers[0]?.fn();
  expect(holds()).toBe(0);
  setups.join('run', workspace);
  setups.close();
  expect(holds()).toBe(0);
});
