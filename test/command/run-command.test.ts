import path from 'node:path';
import { expect, test } from 'vitest';
import { systemClock } from '../../shared/base/clock.ts';
import {
  CommandNotFound,
  runCommand,
  type CommandOptions,
  type CommandResult,
} from '../../src-main/command/run-command.ts';
import { tempFolder } from '../support/folders.ts';
import { isAlive } from '../support/is-alive.ts';

function run(script: string, options: Partial<CommandOptions> = {}): Promise<CommandResult> {
  return runCommand('sh', ['-c', script], {
    cwd: tempFolder(),
    env: { PATH: process.env.PATH },
    clock: systemClock,
    ...options,
  });
}

test('lines of both streams come as they are printed, and the last of them are kept', async () => {
  const lines: string[] = [];
  const result = await run(
    'printf "one\\ntwo\\r\\n"; echo bad >&2; i=0; while [ $i -lt 100 ]; do echo n$i; i=$((i+1)); done; printf "no end"; exit 3',
    { onLine: (line) => lines.push(line) },
  );
  expect(result).toMatchObject({ exitCode: 3, timedOut: false });
  expect(lines).toEqual(expect.arrayContaining(['one', 'two', 'bad', 'n99', 'no end']));
  expect(result.lastLines).toHaveLength(40);
  expect(lines.slice(-40)).toEqual(result.lastLines);
});

test('a line without end does not fill the memory', async () => {
  const lines: string[] = [];
  await run('head -c 100000 /dev/zero | tr "\\0" x', { onLine: (line) => lines.push(line) });
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(4000);
});

test('captured output is kept whole, as bytes', async () => {
  const result = await run('printf "a\\0\\377b"; echo said >&2', { capture: true });
  expect([...result.stdout]).toEqual([97, 0, 255, 98]);
  expect(result.lastLines).toEqual(['said']);
});

test('nothing is inherited from our own environment', async () => {
  process.env.PLAYFLEET_TEST_SECRET = 'key';
  const result = await run('env', { capture: true });
  delete process.env.PLAYFLEET_TEST_SECRET;
  expect(result.stdout.toString()).not.toContain('PLAYFLEET_TEST_SECRET');
});

test.each([
  ['time runs out', 'limit', 'sleep 1000 & echo $!; wait'],
  ['it is aborted', 'abort', 'sleep 1000 & echo $!; wait'],
  ['it does not listen to SIGTERM', 'abort', 'trap "" TERM; sleep 1000 & echo $!; wait; wait'],
])('when %s, the program and its children end', async (_, how, script) => {
  const stop = new AbortController();
  let pid = 0;
  let stopNow = (): void => undefined;
  const clock = {
    ...systemClock,
    after: (ms: number, fn: () => void) => {
      // The time limit comes when the test says so, the last resort soon.
      if (ms !== 5000) return systemClock.after(Math.min(ms, 200), fn);
      stopNow = fn;
      return () => undefined;
    },
  };
  const running = run(script, {
    clock,
    timeoutMs: 5000,
    signal: stop.signal,
    onLine: (line) => {
      pid = Number(line);
      if (how === 'limit') stopNow();
      else stop.abort(new Error('cancelled'));
    },
  });
  if (how === 'limit') await expect(running).resolves.toMatchObject({ exitCode: null, timedOut: true });
  else await expect(running).rejects.toThrow('cancelled');
  expect(pid).toBeGreaterThan(0);
  await expect.poll(() => isAlive(pid)).toBe(false);
});

test('a program that is not there, and a folder that is not there, are told apart', async () => {
  const options = { cwd: tempFolder(), env: { PATH: process.env.PATH }, clock: systemClock };
  await expect(runCommand('no-such-program', [], options)).rejects.toBeInstanceOf(CommandNotFound);
  const missing = path.join(options.cwd, 'missing');
  await expect(runCommand('sh', ['-c', 'true'], { ...options, cwd: missing })).rejects.toThrow(
    /missing does not exist/,
  );
});
