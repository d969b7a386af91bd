import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Database, WriteHandle } from '../../../coordinator/storage/database.ts';
import { freshDatabase } from './fresh.ts';

type Step = { do: 'insert' | 'try-insert' | 'delete'; name: number } | { do: 'event' | 'look' | 'throw' };
type Action = { command: Step[] } | { read: true } | { pause: 'microtask' | 'turn' | 'all' };

const name = fc.nat({ max: 4 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { arbitrary: fc.record({ do: fc.constantFrom('insert', 'try-insert', 'delete'), name }), weight: 10 },
  { arbitrary: fc.record({ do: fc.constantFrom('event', 'look') }), weight: 4 },
  { arbitrary: fc.record({ do: fc.constant('throw') }), weight: 1 },
);
const action: fc.Arbitrary<Action> = fc.oneof(
  { arbitrary: fc.record({ command: fc.array(step, { maxLength: 4 }) }), weight: 5 },
  { arbitrary: fc.constant({ read: true as const }), weight: 2 },
  { arbitrary: fc.record({ pause: fc.constantFrom('microtask', 'turn', 'all') }), weight: 3 },
);

interface Model {
  names: readonly number[];
  events: number;
}

/** What a command does to the model; undefined if it fails. */
function predict(model: Model, steps: readonly Step[]): Model | undefined {
  const names = new Set(model.names);
  let { events } = model;
  for (const current of steps) {
    if (current.do === 'throw') return undefined;
    if (current.do === 'insert' && names.has(current.name)) return undefined;
    if (current.do === 'insert' || current.do === 'try-insert') names.add(current.name);
    if (current.do === 'delete') names.delete(current.name);
    if (current.do === 'event') events += 1;
  }
  return { names: [...names].sort(), events };
}

const perform =
  (steps: readonly Step[]) =>
  async (w: WriteHandle): Promise<void> => {
    for (const current of steps) {
      if (current.do === 'throw') throw new Error('thrown');
      if (current.do === 'event') await w.event({ type: 'event' });
      if (current.do === 'look') await w.all('SELECT * FROM items');
      if (current.do === 'delete') await w.run('DELETE FROM items WHERE name = ?', [String(current.name)]);
      if (current.do === 'insert' || current.do === 'try-insert') {
        const inserted = w.run('INSERT INTO items (name) VALUES (?)', [String(current.name)]);
        await (current.do === 'insert' ? inserted : inserted.catch(() => undefined));
      }
    }
  };

const look = (database: Database): Promise<Model> =>
  database.read(async (r) => ({
    names: (await r.all<{ name: string }>('SELECT name FROM items ORDER BY name')).map((row) => Number(row.name)),
    events: (await r.get<{ n: number }>('SELECT count(*) AS n FROM events'))!.n,
  }));

test(
  'whatever commands succeed, fail and interleave, the database equals a model that runs them one after another',
  { timeout: 240_000 },
  async () => {
    const database = await freshDatabase();
    let groups = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 5, maxLength: 60, size: 'max' }), async (actions) => {
        await database.write(async (w) => {
          await w.run('DELETE FROM items');
          await w.run('DELETE FROM events');
        });
        /** The state after each command; reads must see one of those, not older than what was acknowledged. */
        const states: Model[] = [{ names: [], events: 0 }];
        let acknowledged = 0;
        const told: number[] = [];
        const stop = database.onCommitted((events) => told.push(...events.map(({ seq }) => seq)));
        const pending: Promise<void>[] = [];
        for (const current of actions) {
          if ('command' in current) {
            const number = states.length;
            const expected = predict(states.at(-1)!, current.command);
            states.push(expected ?? states.at(-1)!);
            pending.push(
              database
                .write(perform(current.command))
                .then(
                  () => expect(expected).toBeDefined(),
                  () => expect(expected).toBeUndefined(),
                )
                .then(() => {
                  expect(acknowledged).toBe(number - 1);
                  acknowledged = number;
                }),
            );
          } else if ('read' in current) {
            const since = acknowledged;
            pending.push(look(database).then((seen) => expect(states.slice(since)).toContainEqual(seen)));
          } else if (current.pause === 'microtask') await Promise.resolve();
          else if (current.pause === 'turn') await setImmediate();
          else await Promise.all(pending);
        }
        await Promise.all(pending);
        stop();
        expect(await look(database)).toEqual(states.at(-1));
        expect(told).toHaveLength(states.at(-1)!.events);
        expect(told).toEqual(told.map((_, i) => told[0]! + i));
        groups = database.stats().groups;
      }),
      { numRuns: 120 },
    );
    const { commands, refused } = database.stats();
    console.log(`120 interleavings: ${commands} commands in ${groups} groups, ${refused} refused`);
    expect(refused).toBeGreaterThan(100);
  },
);
