import { spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import { systemClock } from '../../../shared/base/clock.ts';
import { Outbox } from '../../../src-main/agent/outbox/outbox.ts';
import { tempFolder } from '../../support/folders.ts';
import { captureLog } from '../support.ts';

const KILLS = 20;
const program = path.join(import.meta.dirname, 'writer-process.ts');

/** Runs the writer and kills it behind its `after`th word. Returns what it said. */
async function writeUntilKilled(
  folder: string,
  round: number,
  after: number,
): Promise<{ handedOver: number[]; settled: number[] }> {
  const child = spawn(process.execPath, [program, folder, String(round)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const said = { handedOver: [] as number[], settled: [] as number[] };
  let words = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    const [word, id] = line.split(' ');
    if (word === 'handed-over') said.handedOver.push(Number(id));
    if (word === 'settled') said.settled.push(Number(id));
    if (++words === after) child.kill('SIGKILL');
  }
  return said;
}

test(`killed ${KILLS} times while it writes, an outbox keeps every report that was handed over, and gives no id twice`, async () => {
  const folder = tempFolder();
  const handedOver = new Set<number>();
  const settled = new Set<number>();
  let twice = 0;
  for (let round = 1; round <= KILLS; round++) {
    const said = await writeUntilKilled(folder, round, 5 + Math.floor(Math.random() * 120));
    expect(said.handedOver.length, `handed over before kill ${round}`).toBeGreaterThan(0);
    for (const id of said.handedOver) {
      if (handedOver.has(id)) twice++;
      handedOver.add(id);
    }
    for (const id of said.settled) settled.add(id);
    const { log, lines } = captureLog();
    const outbox = await Outbox.open({ folder, clock: systemClock, log });
    const there = [...outbox.entries()].map(({ id }) => id);
    const texts = await Promise.all(there.map((id) => outbox.read(id)));
    await outbox.close();
    const lost = [...handedOver].filter((id) => !settled.has(id) && !there.includes(id));
    expect(lost, `lost after kill ${round}`).toEqual([]);
    expect(there).toEqual(there.toSorted((a, b) => a - b));
    expect(new Set(there).size).toBe(there.length);
    expect(texts.every((text, i) => (JSON.parse(text ?? 'null') as { id: number }).id === there[i])).toBe(true);
    expect(lines).toEqual([]);
  }
  console.log(
    `killed ${KILLS} times: handed over ${handedOver.size}, settled ${settled.size}, lost 0, ids given twice ${twice}`,
  );
  expect(twice).toBe(0);
  expect(handedOver.size).toBeGreaterThan(KILLS * 3);
});
