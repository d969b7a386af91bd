import { expect, onTestFinished, test } from 'vitest';
import { passed } from '../../support/reports.ts';
import { heldNames, plainEnd, World } from '../../properties/world.ts';

test('a racer goes on with all tests of a worker that is lost, and none of them is handed out a second time', async () => {
  const world = new World();
  await world.prepare();
  onTestFinished(() => world.close());
  const runId = await world.createRun();
  await world.plan(['a', 'b', 'c']);
  const [raced] = await world.claim(runId, 'w0', 1);
  if (!raced || raced.work.kind !== 'units') throw new Error('nothing was claimed');
  await world.report('w0', { kind: 'begin', ...heldNames(raced) });
  world.running.set(raced.fence, raced.work.testIds.slice(0, 1));
  const [racer] = await world.race(raced, 'w1');
  if (!racer || racer.work.kind !== 'units') throw new Error('no race began');
  await world.lose('w0');
  const others = await world.claim(runId, 'w2', 10);
  const ordered = others.flatMap(({ work }) => (work.kind === 'units' ? work.testIds : []));
  expect(ordered.filter((id) => racer.work.kind === 'units' && racer.work.testIds.includes(id))).toEqual([]);
  expect(await world.report('w1', passed({ ...racer } as never, racer.work.testIds))).toBe('accepted');
  expect(await world.report('w1', { kind: 'finish', ...heldNames(racer), end: plainEnd })).toBe('accepted');
  for (const other of others) {
    const testIds = other.work.kind === 'units' ? other.work.testIds : [];
    await world.report('w2', passed({ ...other } as never, testIds));
    await world.report('w2', { kind: 'finish', ...heldNames(other), end: plainEnd });
  }
  const run = await world.db.read((r) => r.get<{ state: string }>('SELECT state FROM runs WHERE id = ?', [runId]));
  expect(run?.state).toBe('completed');
});
