import { existsSync, readdirSync, readFileSync, writeFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { openDepot, type Depot, type DepotOptions } from '../../../src-main/agent/workspace/depot.ts';
import { systemClock } from '../../../shared/base/clock.ts';
import { tempFolder } from '../../support/folders.ts';

const meta = z.object({ bytes: z.number() });
type Meta = z.infer<typeof meta>;

/** Time goes on by a second at each look, so that "least recently used" is never a draw. */
function open(folder: string, options: Partial<DepotOptions<Meta>> = {}): Promise<Depot<Meta>> {
  let now = 1_800_000_000_000;
  const clock = { ...systemClock, now: () => (now += 1000) };
  return openDepot({ folder, clock, limits: { entries: 100, bytes: 1e9 }, meta, ...options });
}

const fill =
  (text: string, bytes = 1) =>
  async (dir: string): Promise<Meta> => {
    writeFileSync(path.join(dir, 'file'), text);
    return { bytes };
  };
const never = async (): Promise<Meta> => {
  throw new Error('made twice');
};

/** A making that goes on until it is let go, or aborted. */
function slow(): { make: (dir: string, signal: AbortSignal) => Promise<Meta>; go: () => void; begun: Promise<void> } {
  const gate = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  return {
    go: gate.resolve,
    begun: begun.promise,
    make: (dir, signal) => {
      signal.addEventListener('abort', () => gate.reject(signal.reason));
      begun.resolve();
      return gate.promise.then(() => fill('slow')(dir));
    },
  };
}

describe('making', () => {
  test('those who ask at the same time share one making, and later ones what it made, also after a restart', async () => {
    const folder = tempFolder();
    const depot = await open(folder);
    const { make, go, begun } = slow();
    const both = [depot.use('a', make), depot.use('a', never)];
    await begun;
    go();
    const [first, second] = await Promise.all(both);
    expect(first!.dir).toBe(second!.dir);
    first!.release();
    second!.release();
    (await depot.use('a', never)).release();
    const held = await (await open(folder)).use('a', never);
    expect(readFileSync(path.join(held.dir, 'file'), 'utf8')).toBe('slow');
    expect(held.meta).toEqual({ bytes: 1 });
  });

  test('a failure reaches all who wait, leaves nothing behind, and is not remembered', async () => {
    const folder = tempFolder();
    const depot = await open(folder);
    const fail = async (dir: string): Promise<Meta> => {
      writeFileSync(path.join(dir, 'half'), '');
      throw new Error('no network');
    };
    const both = await Promise.allSettled([depot.use('a', fail), depot.use('a', never)]);
    expect(both.map((result) => (result as PromiseRejectedResult).reason as unknown)).toEqual([
      expect.objectContaining({ message: 'no network' }),
      expect.objectContaining({ message: 'no network' }),
    ]);
    expect(readdirSync(folder)).toEqual([]);
    const held = await depot.use('a', fill('now'));
    expect(readdirSync(held.dir)).toEqual(['file']);
  });

  test('one who stops waiting leaves the making to the others; when the last one stops, it is aborted', async () => {
    const folder = tempFolder();
    const depot = await open(folder);
    const [one, two] = [new AbortController(), new AbortController()];
    const { make, begun } = slow();
    const first = depot.use('a', make, one.signal);
    const second = depot.use('a', never, two.signal);
    await begun;
    one.abort(new Error('one cancelled'));
    await expect(first).rejects.toThrow('one cancelled');
    expect(existsSync(path.join(folder, 'a'))).toBe(true);
    two.abort(new Error('two cancelled'));
    await expect(second).rejects.toThrow('two cancelled');
    // A third one that comes while the making is being undone begins anew instead of failing with it.
    expect(readFileSync(path.join((await depot.use('a', fill('third'))).dir, 'file'), 'utf8')).toBe('third');
  });

  test('what a killed process left half-made is removed at the next start, and finished entries stay', async () => {
    const folder = tempFolder();
    (await (await open(folder)).use('whole', fill('whole'))).release();
    mkdirSync(path.join(folder, 'half'));
    writeFileSync(path.join(folder, 'half/file'), 'partial');
    writeFileSync(path.join(folder, '.0000'), '{"bytes":');
    writeFileSync(path.join(folder, 'torn.json'), '{"bytes":');
    mkdirSync(path.join(folder, 'torn'));
    const depot = await open(folder);
    expect(readdirSync(folder).sort()).toEqual(['whole', 'whole.json']);
    (await depot.use('whole', never)).release();
  });

  test('an entry is looked at before it is used again, and made anew when it is no longer good', async () => {
    let good = true;
    const looked: string[] = [];
    const depot = await open(tempFolder(), {
      revive: async (dir) => {
        looked.push(path.basename(dir));
        return good;
      },
    });
    const first = await depot.use('a', fill('one'));
    const second = await depot.use('a', never);
    expect(looked).toEqual([]);
    first.release();
    second.release();
    (await depot.use('a', never)).release();
    expect(looked).toEqual(['a']);
    good = false;
    expect(readFileSync(path.join((await depot.use('a', fill('two'))).dir, 'file'), 'utf8')).toBe('two');
  });
});

describe('limits', () => {
  async function useAll(depot: Depot<Meta>, keys: string[], bytes = 1): Promise<void> {
    for (const key of keys) (await depot.use(key, fill(key, bytes))).release();
  }
  const keysOf = async (depot: Depot<Meta>): Promise<string[]> => (await depot.list()).map((entry) => entry.key).sort();

  test('beyond the number of entries, the least recently used go', async () => {
    const depot = await open(tempFolder(), { limits: { entries: 2, bytes: 1e9 } });
    await useAll(depot, ['a', 'b', 'c']);
    await useAll(depot, ['a', 'd']);
    expect(await keysOf(depot)).toEqual(['a', 'c', 'd']);
    await useAll(depot, ['e']);
    expect(await keysOf(depot)).toEqual(['a', 'd', 'e']);
  });

  test('beyond the number of bytes, the least recently used go', async () => {
    const depot = await open(tempFolder(), { limits: { entries: 100, bytes: 25 } });
    await useAll(depot, ['a', 'b', 'c', 'd'], 10);
    expect(await keysOf(depot)).toEqual(['b', 'c', 'd']);
  });

  test('an entry in use never goes, and goes at its turn when it is released', async () => {
    const folder = tempFolder();
    const depot = await open(folder, { limits: { entries: 1, bytes: 0 } });
    const held = await depot.use('held', fill('held'));
    const again = await depot.use('held', never);
    await useAll(depot, ['a', 'b', 'c', 'd']);
    expect(readFileSync(path.join(held.dir, 'file'), 'utf8')).toBe('held');
    held.release();
    held.release();
    await useAll(depot, ['e']);
    expect(existsSync(again.dir)).toBe(true);
    again.release();
    await useAll(depot, ['f']);
    expect(existsSync(held.dir)).toBe(false);
    expect(readdirSync(folder).sort()).toEqual(['f', 'f.json']);
  });

  test('many users at once under a tight limit always find what they hold', async () => {
    const depot = await open(tempFolder(), { limits: { entries: 2, bytes: 1e9 } });
    const worker = async (seed: number): Promise<void> => {
      for (let i = 0; i < 30; i++) {
        const key = `k${(seed * 7 + i * 5) % 6}`;
        const held = await depot.use(key, fill(key));
        await depot.list();
        expect(readFileSync(path.join(held.dir, 'file'), 'utf8')).toBe(key);
        held.release();
      }
    };
    await Promise.all([0, 1, 2, 3].map(worker));
  });
});

test('a hold keeps an entry as it is after its users have gone, and the next use without it is another one', async () => {
  const depot = await open(tempFolder(), { revive: async () => true });
  const first = await depot.use('a', fill('x'));
  const end = first.hold();
  first.release();
  const second = await depot.use('a', never);
  expect(second.use).toBe(first.use);
  second.release();
  end();
  end();
  const third = await depot.use('a', never);
  expect(third.use).not.toBe(first.use);
  third.release();
});
