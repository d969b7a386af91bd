import path from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { migrations } from '../../../coordinator/storage/migrations.ts';
import { openDatabase } from '../../../coordinator/storage/open.ts';
import { tagsOf, withTags } from '../../../coordinator/workers/rules.ts';
import type { Worker } from '../../../shared/protocol/rest/workers.ts';
import { Agent } from '../../../src-main/agent/agent.ts';
import { agentConfig, captureLog } from '../../agent/support.ts';
import { okJson, startCoordinator, type TestCoordinator } from '../../support/coordinator.ts';
import { tempFolder } from '../../support/folders.ts';
import { stillClock } from '../storage/fresh.ts';

// Agents look at their machine, which takes seconds on a busy one.
vi.setConfig({ testTimeout: 120_000 });

async function theWorker(coordinator: TestCoordinator): Promise<Worker | undefined> {
  const { items } = await okJson<{ items: Worker[] }>(await coordinator.request('GET', '/api/v1/workers'));
  return items[0];
}

const PATIENCE = { timeout: 60_000 };
const untilConnected = (coordinator: TestCoordinator, times: number) =>
  expect
    .poll(() => coordinator.log.filter(({ msg }) => msg === 'worker connected').length, PATIENCE)
    .toBeGreaterThanOrEqual(times);

/** A real agent of one machine; each start ends the one before. */
function machine(join: string) {
  const data = tempFolder();
  let agent: Agent | null = null;
  const stop = async () => {
    agent?.giveBack('the machine restarts');
    await agent?.done;
  };
  onTestFinished(stop);
  return async (tags: string) => {
    await stop();
    agent = await Agent.start(agentConfig({ join, data, tags }), captureLog().log);
  };
}

test('what people set stays when the machine connects again, and its own tags are told beside', async () => {
  const coordinator = await startCoordinator();
  const start = machine(`${coordinator.url}#${await coordinator.joinToken()}`);
  await start('office,gpu');
  await untilConnected(coordinator, 1);
  const { id, ...first } = (await theWorker(coordinator))!;
  expect(first).toMatchObject({ tags: ['office', 'gpu'], own_tags: ['office', 'gpu'] });

  const patched = await coordinator.request('PATCH', `/api/v1/workers/${id}`, { tags: ['office', 'night'] });
  expect(await okJson(patched)).toMatchObject({ tags: ['office', 'night'], own_tags: ['office', 'gpu'] });

  await start('office,gpu');
  await untilConnected(coordinator, 2);
  expect(await theWorker(coordinator)).toMatchObject({ tags: ['office', 'night'], own_tags: ['office', 'gpu'] });

  // What nobody spoke of comes and goes with the machine.
  await start('gpu,ssd');
  await untilConnected(coordinator, 3);
  expect(await theWorker(coordinator)).toMatchObject({ tags: ['ssd', 'night'], own_tags: ['gpu', 'ssd'] });

  const bulk = { ids: [id], add_tags: ['gpu'], remove_tags: ['night', 'ssd'] };
  await okJson(await coordinator.request('POST', '/api/v1/workers/bulk', bulk));
  expect((await theWorker(coordinator))?.tags).toEqual(['gpu']);

  await coordinator.stop();
  const again = await startCoordinator({ again: coordinator, port: Number(new URL(coordinator.url).port) });
  await untilConnected(again, 1);
  expect(await theWorker(again)).toMatchObject({ tags: ['gpu'], own_tags: ['gpu', 'ssd'] });
  const found = await okJson<{ items: Worker[] }>(await again.request('GET', '/api/v1/workers?tag=ssd'));
  expect(found.items).toEqual([]);
});

test('a machine that enrols anew under its name keeps what people set', async () => {
  const coordinator = await startCoordinator();
  const enrol = async (tags: string[]) => {
    const body = { hostname: 'box', capabilities: { browsers: ['chromium'], platform: 'linux' }, tags };
    const headers = { authorization: `Bearer ${await coordinator.joinToken()}` };
    return okJson<{ worker_id: string }>(await coordinator.request('POST', '/api/v1/workers/register', body, headers));
  };
  const { worker_id: id } = await enrol(['old']);
  await okJson(await coordinator.request('PATCH', `/api/v1/workers/${id}`, { tags: ['trusted'] }));
  await okJson(await coordinator.request('DELETE', `/api/v1/workers/${id}`));
  expect(await enrol(['old', 'new'])).toMatchObject({ worker_id: id });
  expect(await theWorker(coordinator)).toMatchObject({ tags: ['new', 'trusted'], own_tags: ['old', 'new'] });
});

test('only the difference to what the machine says is kept', () => {
  const fresh = { own: ['a', 'b'], added: [], hidden: [] };
  const set = withTags(fresh, ['b', 'c']);
  expect(set).toEqual({ own: ['a', 'b'], added: ['c'], hidden: ['a'] });
  expect(tagsOf(set)).toEqual(['b', 'c']);
  expect(withTags(set, ['a', 'b'])).toEqual(fresh);
  // A tag that people gave stays theirs when the machine says it, too.
  const both = withTags({ ...set, own: ['c'] }, ['c', 'd']);
  expect(both).toEqual({ own: ['c'], added: ['c', 'd'], hidden: ['a'] });
  expect(tagsOf({ ...both, own: ['a'] })).toEqual(['c', 'd']);
});

test('tags of before there were two sides count as the machine’s own', async () => {
  const file = path.join(tempFolder(), 'playfleet.db');
  const report = (error: unknown) => {
    throw error;
  };
  const open = (known: typeof migrations) => openDatabase({ file, migrations: known, clock: stillClock(), report });
  const before = await open(
    migrations.slice(
      0,
      migrations.findIndex(({ name }) => name === 'own-tags'),
    ),
  );
  await before.write((w) =>
    w.run(
      `INSERT INTO workers (id, hostname, ip_address, online, capabilities, tags, key_hash, key_created_at, last_seen_at, created_at)
       VALUES ('w', 'box', '', 0, '{}', '["gpu"]', 'h', 1, 1, 1)`,
    ),
  );
  await before.close();
  const after = await open(migrations);
  onTestFinished(() => after.close());
  expect(await after.read((r) => r.all('SELECT tags, own_tags, added_tags, hidden_tags FROM workers'))).toEqual([
    { tags: '["gpu"]', own_tags: '["gpu"]', added_tags: '[]', hidden_tags: '[]' },
  ]);
});
