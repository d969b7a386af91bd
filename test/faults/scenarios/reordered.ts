/** Everything that agents say arrives twice and in another order: the same run must come out of it. */
import { createHash } from 'node:crypto';
import path from 'node:path';
import { api, type Coordinator } from '../../../scripts/programs.ts';
import { count, createRun, runEnded, startBehind, startFleet, type Scenario } from '../bench.ts';
import { startProxy } from '../link-proxy.ts';
import { writeSuite } from '../suite.ts';

/** How many messages of an agent may overtake each other. */
const WINDOW = 4;
/** No message is held back for longer. */
const HELD_MS = 60;

export const reordered: Scenario = async (bench) => {
  const suite = await writeSuite(path.join(bench.folder, 'suite'), 4, 200);
  const plain = await bench.programs.startCoordinator(path.join(bench.folder, 'plain'));
  await startFleet(bench, plain, suite, 1, 2);
  const plainRun = await createRun(plain, suite);
  await runEnded(plain, plainRun);
  const coordinator = await bench.programs.startCoordinator(path.join(bench.folder, 'coordinator'));
  let [messages, overtaken] = [0, 0];
  const proxy = await startProxy(coordinator.url, (from, text, _cut, later) => {
    if (from === 'coordinator' || text.startsWith('{"type":"hello"')) return [text];
    messages++;
    held.push(text, text);
    if (held.length >= WINDOW * 2) return shuffled();
    setTimeout(() => shuffled().forEach(later), HELD_MS);
    return [];
  });
  const held: string[] = [];
  const shuffled = (): string[] => {
    const before = held.splice(0);
    const after = before
      .map((text) => ({ text, at: bench.random() }))
      .sort((a, b) => a.at - b.at)
      .map(({ text }) => text);
    overtaken += after.filter((text, i) => text !== before[i]).length;
    return after;
  };
  try {
    await startBehind(bench, coordinator, suite, { url: proxy.url, name: 'shuffled', slots: 2 });
    const run = await createRun(coordinator, suite);
    const ended = await runEnded(coordinator, run);
    const same = (await stateOf(coordinator, run)) === (await stateOf(plain, plainRun));
    return {
      acknowledged: ended.tests.settled,
      ...(await count(coordinator, run, suite)),
      figures: {
        messages,
        out_of_order: overtaken,
        hash_mismatches: same ? 0 : 1,
        not_completed: ended.status === 'completed' ? 0 : 1,
      },
      zero: ['hash_mismatches', 'not_completed'],
    };
  } finally {
    await proxy.close();
  }
};

/** A hash over what counts of a run: each test with its verdict and how many attempts it took. */
async function stateOf(coordinator: Coordinator, run: string): Promise<string> {
  const { items } = await api<{ items: { title: string; outcome: string; attempts: number }[] }>(
    coordinator,
    'GET',
    `/test-runs/${run}/tests?limit=500`,
  );
  const lines = items.map(({ title, outcome, attempts }) => `${title} ${outcome} ${attempts}`).sort();
  return createHash('sha256').update(lines.join('\n')).digest('hex');
}
