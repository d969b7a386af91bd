import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Clock } from '../../../shared/base/clock.ts';
import { systemClock } from '../../../shared/base/clock.ts';
import { Child, type ChildOptions } from '../../../src-main/desktop/parts/child.ts';
import { isAlive } from '../../support/is-alive.ts';
import { tempFolder } from '../../support/folders.ts';
import { HandClock } from '../clock.ts';

/** Time stands still but for what follows a process's end, which is real. */
class MostlyHandClock extends HandClock {
  override after(ms: number, act: () => void): () => void {
    return ms === 1000 ? systemClock.after(ms, act) : super.after(ms, act);
  }
}

interface Watched {
  child: Child;
  lines: string[];
  messages: unknown[];
  until: (look: (child: Child) => boolean) => Promise<void>;
}

function watched(script: string, more: Partial<ChildOptions> & { clock?: Clock } = {}): Watched {
  const file = path.join(tempFolder(), 'child.mjs');
  writeFileSync(file, script);
  const lines: string[] = [];
  const messages: unknown[] = [];
  let looked = (): void => undefined;
  const changed = (): void => looked();
  const child = new Child({
    name: 'the child',
    command: async () => ({ program: process.execPath, args: [file], env: { PATH: process.env.PATH } }),
    hopeless: [3],
    clock: systemClock,
    random: () => 0,
    onLine: (line) => {
      lines.push(line);
      changed();
    },
    onMessage: (message) => {
      messages.push(message);
      child.ready();
      changed();
    },
    onChange: () => queueMicrotask(changed),
    ...more,
  });
  onTestFinished(() => child.stop({ withinMs: 0 }));
  const until: Watched['until'] = (look) =>
    new Promise((resolve) => {
      looked = () => look(child) && resolve();
      looked();
    });
  return { child, lines, messages, until };
}

const LIVES = `process.send('ready'); process.on('message', (m) => m.end !== undefined && process.exit(m.end));
process.on('disconnect', () => process.exit(0)); setInterval(() => {}, 1e6);`;

test('runs, is told to end by its channel, and is gone', async () => {
  const { child, until } = watched(LIVES);
  expect(child.state.state).toBe('off');
  child.start();
  await until(({ state }) => state.state === 'running');
  const pid = child.pid!;
  await child.stop({ withinMs: 10_000 });
  expect(child.state).toEqual({ state: 'off', failures: 0, nextAt: null, problem: null });
  expect(isAlive(pid)).toBe(false);
});

test('who does not end is killed', async () => {
  const { child, until } = watched(
    `process.send('ready'); process.on('disconnect', () => {}); process.on('SIGTERM', () => {}); setInterval(() => {}, 1e6);`,
  );
  child.start();
  await until(({ state }) => state.state === 'running');
  const pid = child.pid!;
  await child.stop({ withinMs: 50 });
  expect(isAlive(pid)).toBe(false);
});

test('a crash loop is started again ever later, then given up with its last words, until somebody tries again', async () => {
  const clock = new MostlyHandClock();
  const { child, until, lines } = watched(`console.error('the disk is full'); process.exit(1);`, { clock });
  const waits: number[] = [];
  child.start();
  for (let n = 1; n <= 5; n++) {
    await until(({ state }) => state.state === 'waiting' && state.failures === n);
    waits.push(child.state.nextAt! - clock.now());
    clock.advance(child.state.nextAt! - clock.now());
  }
  await until(({ state }) => state.state === 'given_up');
  expect(waits).toEqual([500, 1000, 2000, 4000, 8000]);
  expect(child.state).toEqual({ state: 'given_up', failures: 6, nextAt: null, problem: 'the disk is full' });
  expect(lines).toHaveLength(6);
  child.start();
  await until(({ state }) => state.state === 'waiting' && state.failures === 1);
});

test('who says that it is hopeless is not started again', async () => {
  const { child, until } = watched(
    `console.log(JSON.stringify({ level: 50, msg: 'the key was revoked' })); process.exit(3);`,
  );
  child.start();
  await until(({ state }) => state.state === 'given_up');
  expect(child.state).toMatchObject({ failures: 1, problem: 'the key was revoked' });
});

test('one that lives again after a crash counts no failures once it was steady', async () => {
  const clock = new MostlyHandClock();
  const { child, until } = watched(LIVES, { clock });
  child.start();
  await until(({ state }) => state.state === 'running');
  child.send({ end: 1 });
  await until(({ state }) => state.state === 'waiting' && state.failures === 1);
  clock.advance(1000);
  await until(({ state }) => state.state === 'running');
  clock.advance(60_000);
  child.send({ end: 1 });
  await until(({ state }) => state.state === 'waiting');
  expect(child.state.failures).toBe(1);
});

test('a program that is not there is a clear problem', async () => {
  const { child, until } = watched('', {
    command: async () => ({ program: '/nowhere/node', args: [], env: {} }),
    clock: new MostlyHandClock(),
  });
  child.start();
  await until(({ state }) => state.state === 'waiting');
  expect(child.state.problem).toMatch(/^the child could not be started: .*ENOENT/);
});

test('what its command is made of may be missing: that is told, and tried again', async () => {
  const clock = new MostlyHandClock();
  let isThere = false;
  const file = path.join(tempFolder(), 'later.mjs');
  writeFileSync(file, LIVES);
  const command = async () => {
    if (!isThere) throw new Error('No coordinator is chosen.');
    return { program: process.execPath, args: [file], env: {} };
  };
  const { child, until } = watched('', { command, clock });
  child.start();
  await until(({ state }) => state.state === 'waiting');
  expect(child.state.problem).toBe('No coordinator is chosen.');
  isThere = true;
  clock.advance(1000);
  await until(({ state }) => state.state === 'running');
});

test('stopped while it waits to be started again, it stays off', async () => {
  const clock = new MostlyHandClock();
  const { child, until, lines } = watched(`console.log('started'); process.exit(1);`, { clock });
  child.start();
  await until(({ state }) => state.state === 'waiting');
  await child.stop({ withinMs: 1 });
  clock.advance(100_000);
  expect(child.state.state).toBe('off');
  expect(lines).toEqual(['started']);
});

test('started again while it is ending, it begins anew and counts that as no failure', async () => {
  const { child, until, messages } = watched(LIVES);
  child.start();
  await until(({ state }) => state.state === 'running');
  const stopped = child.stop({ withinMs: 10_000 });
  child.start();
  await stopped;
  await until(({ state }) => state.state === 'running');
  expect(messages).toHaveLength(2);
  expect(child.state.failures).toBe(0);
});

test('lines that hold secrets are kept out of the log', async () => {
  const { child, until, lines } = watched(`console.log('secret'); console.log('fine'); ${LIVES}`, {
    onOutput: (line) => (line === 'secret' ? null : line),
  });
  child.start();
  await until(({ state }) => state.state === 'running' && lines.length > 0);
  expect(lines).toEqual(['fine']);
});
