import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import os from 'node:os';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Niceness } from '../../../src-main/agent/manners/niceness.ts';

vi.setConfig({ testTimeout: 60_000 });

/** Runs until its input ends, with a child of its own. */
async function start(): Promise<ChildProcess> {
  const inner = `require('child_process').spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: ['pipe', 'ignore', 'ignore'] })`;
  const code = `const { pid } = ${inner}; process.stdout.write(String(pid)); process.stdin.resume().on('end', () => process.exit())`;
  const child = spawn(process.execPath, ['-e', code], { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
  onTestFinished(() => void child.stdin?.end());
  return child;
}

test.runIf(process.platform === 'linux')(
  'all that was started is lowered with its children; what begins after that begins as things are then',
  async () => {
    const niceness = new Niceness();
    const child = await start();
    const [text] = (await once(child.stdout!, 'data')) as [Buffer];
    const pids = [child.pid!, Number(text)];
    const priorities = (of: number[]): number[] => of.map((pid) => os.getPriority(pid));
    const own = os.getPriority();
    const lowered = (nice: number) =>
      expect.poll(() => (niceness.apply(), priorities(pids)), { timeout: 30_000 }).toEqual([nice, nice]);
    niceness.set('low');
    await lowered(Math.max(10, own));
    niceness.set('lowest');
    await lowered(19);
    niceness.set('normal');
    const later = await start();
    await once(later.stdout!, 'data');
    niceness.apply();
    expect(os.getPriority(later.pid)).toBe(own);
    expect(priorities(pids)).toEqual([19, 19]);
    expect(os.getPriority()).toBe(own);
  },
);
