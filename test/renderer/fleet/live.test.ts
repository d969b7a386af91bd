import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { api, Programs, stop, type Coordinator } from '../../../scripts/programs.ts';
import { systemClock } from '../../../shared/base/clock.ts';
import type { FleetEvent } from '../../../shared/protocol/events.ts';
import { Client } from '../../../src-renderer/fleet/client.ts';
import { Live, type LiveState } from '../../../src-renderer/fleet/live.ts';

/** What a live connection told, and a way to wait for it. */
class Heard {
  readonly states: LiveState[] = [];
  readonly events: FleetEvent[] = [];
  fresh = 0;
  polls = 0;
  #waiting: (() => void)[] = [];

  told(change: () => void): void {
    change();
    this.#waiting.forEach((check) => check());
  }

  until(holds: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const check = () => holds() && resolve();
      this.#waiting.push(check);
      check();
    });
  }

  get runs(): string[] {
    return this.events.flatMap((event) => (event.type === 'run.created' ? [event.data.name] : []));
  }
}

async function start(): Promise<{ coordinator: Coordinator; programs: Programs }> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'playfleet-live-'));
  const programs = new Programs();
  onTestFinished(async () => {
    await programs.stopAll();
    await rm(folder, { recursive: true, force: true });
  });
  return { programs, coordinator: await programs.startCoordinator(path.join(folder, 'data')) };
}

function follow({ url, token }: Coordinator, ask: typeof fetch = fetch): { live: Live; heard: Heard } {
  const heard = new Heard();
  const live = new Live({
    client: new Client({ base: url, headers: { authorization: `Bearer ${token}` }, fetch: ask }),
    clock: systemClock,
    random: () => 0,
    onState: (state) => heard.told(() => heard.states.push(state)),
    onEvents: (events) => heard.told(() => heard.events.push(...events)),
    onFresh: () => heard.told(() => (heard.fresh += 1)),
    onPoll: () => heard.told(() => (heard.polls += 1)),
  });
  onTestFinished(() => live.stop());
  live.start();
  return { live, heard };
}

const create = (coordinator: Coordinator, name: string) =>
  api(coordinator, 'POST', '/test-runs/create', { name, total_shards: 1 });

test('events arrive in order, and once each, over a restart of the coordinator', async () => {
  const { coordinator, programs } = await start();
  const { heard } = follow(coordinator);
  await heard.until(() => heard.fresh === 1);
  await create(coordinator, 'one');
  await heard.until(() => heard.runs.includes('one'));
  await stop(coordinator.process);
  await heard.until(() => heard.states.at(-1) !== 'live');
  const again = await programs.startCoordinator(coordinator.dataDir, { before: coordinator });
  await create(again, 'two');
  await heard.until(() => heard.runs.includes('two'));
  await create(again, 'three');
  await heard.until(() => heard.runs.includes('three'));
  expect(heard.runs).toEqual(['one', 'two', 'three']);
  expect(heard.fresh).toBe(1);
  const seqs = heard.events.map(({ seq }) => seq);
  expect(seqs).toEqual([...new Set(seqs)].sort((a, b) => a - b));
});

test('a tab that nobody sees lets its connection go, and catches up when it is seen', async () => {
  const { coordinator } = await start();
  const { live, heard } = follow(coordinator);
  await heard.until(() => heard.fresh === 1);
  await create(coordinator, 'one');
  await heard.until(() => heard.runs.includes('one'));
  live.stop();
  await create(coordinator, 'while hidden');
  live.setVisible(true);
  await heard.until(() => heard.runs.includes('while hidden'));
  expect(heard.runs).toEqual(['one', 'while hidden']);
  expect(heard.fresh).toBe(1);
});

test('where the stream cannot be had, it is polled, until it can', async () => {
  const { coordinator } = await start();
  let refuse = true;
  const ask: typeof fetch = (input, init) =>
    refuse ? Promise.resolve(new Response('{}', { status: 503 })) : fetch(input, init);
  const { heard } = follow(coordinator, ask);
  await heard.until(() => heard.polls >= 1);
  expect(heard.states).toContain('polling');
  refuse = false;
  await heard.until(() => heard.states.at(-1) === 'live');
  expect(heard.fresh).toBe(1);
});

test('who is signed out is asked to sign in, not connected again and again', async () => {
  const { coordinator } = await start();
  let asked = 0;
  const ask: typeof fetch = (input, init) => {
    asked += 1;
    return fetch(input, init);
  };
  const states: LiveState[] = [];
  const heard = new Promise<void>((resolve) => {
    const client = new Client({ base: coordinator.url, fetch: ask });
    const nothing = () => undefined;
    const live = new Live({
      client,
      clock: systemClock,
      random: () => 0,
      onState: (state) => {
        states.push(state);
        resolve();
      },
      onEvents: nothing,
      onFresh: nothing,
      onPoll: nothing,
    });
    onTestFinished(() => live.stop());
    live.start();
  });
  await heard;
  expect([asked, states]).toEqual([1, ['signedOut']]);
});
