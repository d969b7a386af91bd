/** One seed: a run of its own, commands in any order, and then to its end. */
import fc from 'fast-check';
import { bringToEnd, commands } from './commands.ts';
import { checkInvariants, newModel } from './model.ts';
import { World } from './world.ts';

/** Runs leave rows behind; a database of many of them is slower, and never the same twice. */
const SEEDS_PER_DATABASE = 100;
const COMMANDS = 60;

export interface Figures {
  seeds: number;
  commands: number;
  /** How often what was to be met was met: a property over nothing always holds. */
  seen: Record<string, number>;
}

/** Throws with the smallest sequence of commands that breaks an invariant. */
export async function checkDatabase(seeds: number, seed: number): Promise<Figures> {
  let world = await newWorld();
  let used = 0;
  const figures: Figures = { seeds, commands: 0, seen: {} };
  try {
    const property = fc.asyncProperty(fc.integer({ min: 1, max: 9 }), commands(COMMANDS), async (count, steps) => {
      if (++used % SEEDS_PER_DATABASE === 0) {
        await lookBack();
        await world.close();
        world = await newWorld();
      }
      const testIds = Array.from({ length: count }, (_, n) => `t${n}`);
      const runId = await world.createRun();
      await world.plan(testIds);
      const model = Object.assign(newModel(runId, testIds), { largestFence: await world.largestFence() });
      await checkInvariants(model, world);
      await fc.asyncModelRun(() => ({ model, real: world }), steps);
      await bringToEnd(model, world);
      figures.commands += [...steps].length;
    });
    await fc.assert(property, { numRuns: seeds, seed });
    await lookBack();
    return figures;
  } finally {
    await world.close();
  }

  async function lookBack(): Promise<void> {
    for (const [name, count] of await world.seen()) figures.seen[name] = (figures.seen[name] ?? 0) + count;
  }
}

async function newWorld(): Promise<World> {
  const world = new World();
  await world.prepare();
  return world;
}
