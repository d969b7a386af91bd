/** The real worker process: minded by the program that has started it, and by `playfleet worker …` beside it. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test, vi } from 'vitest';
import { POLITE_MANNERS } from '../../../shared/protocol/desktop/manners.ts';
import { FakeCoordinator, JOIN_TOKEN } from '../../support/fake-coordinator.ts';
import { tempFolder } from '../../support/folders.ts';
import { Minded } from '../../support/minded.ts';

vi.setConfig({ testTimeout: 120_000 });

const program = path.resolve(import.meta.dirname, '../../../dist/playfleet.mjs');
const { PATH, HOME } = process.env;

async function rig(join?: string) {
  const coordinator = await FakeCoordinator.start();
  const dataDir = tempFolder();
  const url = join ?? `${coordinator.url}#${JOIN_TOKEN}`;
  const args = ['worker', '--join', url, '--name', 'desk', '--data', dataDir, '--no-install', '--slots', '2'];
  const child = spawn(process.execPath, [program, ...args], {
    env: { PATH, HOME },
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const ended = new Promise<number | string>((resolve) =>
    // Not `close`, which does not come where we have closed the channel ourselves.
    child.once('exit', (code, signal) => resolve(code ?? signal ?? 'unknown')),
  );
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return { coordinator, dataDir, child, ended, agent: new Minded(child) };
}

async function cli(...args: string[]): Promise<{ code: number | null; out: string }> {
  const child = spawn(process.execPath, [program, 'worker', ...args], {
    env: { PATH, HOME },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [out, error] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: await ended, out: out + error };
}

test('a parent program sees it start, connect and pause; bad messages are answered and change nothing', async () => {
  const { coordinator, dataDir, agent, ended } = await rig();
  await agent.until(({ state }) => state === 'idle');
  expect(agent.statuses[0]).toMatchObject({ state: 'starting', worker: 'desk', slots: { total: 2, lent: 0, busy: 0 } });
  expect(agent.statuses.at(-1)).toMatchObject({ state: 'idle', coordinator: coordinator.url, slots: { lent: 2 } });

  for (const bad of [7, 'stop', {}, { playfleet: 'control', v: 1, command: {} }])
    expect(await agent.say(bad, null)).toMatchObject({ ok: false, error: { code: 'not_understood' } });
  expect(await agent.say({ playfleet: 'control', v: 9, id: 3, command: { type: 'stop' } }, 3)).toMatchObject({
    ok: false,
    error: { code: 'wrong_version' },
  });

  await agent.ask({
    type: 'manners',
    manners: { ...POLITE_MANNERS, userActive: { ...POLITE_MANNERS.userActive, mode: 'pause' } },
  });
  expect(JSON.parse(readFileSync(path.join(dataDir, 'manners.json'), 'utf8'))).toMatchObject({
    battery: { mode: 'pause' },
  });
  const known = performance.now();
  await agent.ask({ type: 'facts', facts: { idleSeconds: 1, onBattery: false } });
  const intent = await coordinator.until(() => coordinator.received('intent')[0]);
  expect(performance.now() - known).toBeLessThan(2000);
  expect(intent).toMatchObject({ intent: 'paused', reason: 'its owner needs the machine' });
  await agent.until(({ state, why }) => state === 'paused' && why[0]?.reason === 'userActive');
  await agent.ask({ type: 'stop' });
  expect(await ended).toBe(0);
});

test('when its parent program is gone, it hands back what it has and ends', async () => {
  const { agent, child, ended, dataDir } = await rig();
  await agent.until(({ state }) => state === 'idle');
  child.disconnect();
  expect(await ended).toBe(0);
  expect(existsSync(path.join(dataDir, 'control.sock'))).toBe(false);
});

test('where it cannot begin, its last word says why', async () => {
  const { agent, ended } = await rig('http://127.0.0.1:9#pfj_nobody');
  const status = await agent.until(({ state }) => state === 'attention');
  expect(status.problem?.message).toContain('cannot reach a coordinator');
  expect(await ended).toBe(2);
});

test.skipIf(process.platform === 'win32')(
  'its owner pauses and resumes it on the command line, and sees why',
  async () => {
    const { agent, dataDir } = await rig();
    await agent.until(({ state }) => state === 'idle');
    expect(statSync(path.join(dataDir, 'control.sock')).mode & 0o777).toBe(0o600);
    const paused = await cli('pause', '--for', '1h', '--data', dataDir);
    expect(paused).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^Paused: by you until .*\d\d:\d\d\n/) as string,
    });
    await agent.until(({ state }) => state === 'paused');
    const { out } = await cli('status', '--json', '--data', dataDir);
    expect(JSON.parse(out)).toMatchObject({ state: 'paused', slots: { lent: 0 }, why: [{ reason: 'owner' }] });
    expect((await cli('resume', '--data', dataDir)).out).toContain('Ready: nothing to run');
    expect(await cli('pause', '--until', 'later', '--data', dataDir)).toMatchObject({ code: 2 });
    const absent = await cli('status', '--data', tempFolder());
    expect(absent.code).toBe(2);
    expect(absent.out).toContain('No worker runs here with this data folder.');
  },
);
