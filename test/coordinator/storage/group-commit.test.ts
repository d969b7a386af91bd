import { readFile } from 'node:fs/promises';
import { setImmediate as setImmediateCallback } from 'node:timers';
import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import {
  StalledError,
  type Database,
  type ReadHandle,
  type WriteHandle,
} from '../../../coordinator/storage/database.ts';
import { freshDatabase, stillClock, type Reported } from './fresh.ts';

const add = (name: string) => (w: WriteHandle) => w.run('INSERT INTO items (name) VALUES (?)', [name]);
const names = (database: Database): Promise<string[]> => database.read(readNames);
async function readNames(r: ReadHandle): Promise<string[]> {
  return (await r.all<{ name: string }>('SELECT name FROM items ORDER BY id')).map(({ name }) => name);
}

test('commands of one turn share one transaction, those of different turns do not', async () => {
  const database = await freshDatabase();
  await Promise.all(['a', 'b', 'c'].map((name) => database.write(add(name))));
  expect(database.stats()).toMatchObject({ groups: 1, commands: 3, largestGroup: 3 });
  await database.write(add('d'));
  expect(database.stats()).toMatchObject({ groups: 2, commands: 4 });
  expect(await names(database)).toEqual(['a', 'b', 'c', 'd']);
});

test('only what somebody waits for counts as being at work', async () => {
  const clock = stillClock();
  const database = await freshDatabase({ clock });
  const lasting = (ms: number) => async (w: WriteHandle) => {
    clock.time += ms;
    await add(`for ${ms} ms`)(w);
  };
  await database.write(lasting(40), { background: true });
  expect(database.stats().busyMs).toBe(0);
  await database.write(lasting(30));
  expect(database.stats().busyMs).toBe(30);
  await Promise.all([database.write(lasting(7)), database.write(lasting(500), { background: true })]);
  expect(database.stats()).toMatchObject({ busyMs: 37, groups: 4 });
});

test('a background command lets others go first, but not for long', async () => {
  const clock = stillClock();
  const database = await freshDatabase({ clock });
  const ended: string[] = [];
  const write = (name: string, background: boolean) =>
    database.write(add(name), { background }).then(() => ended.push(name));
  await Promise.all([write('behind', true), write('waited for', false)]);
  expect(ended).toEqual(['waited for', 'behind']);
  expect(database.stats().groups).toBe(2);
  const late = [write('long behind', true), write('after it', false)];
  clock.time += 25;
  await Promise.all(late);
  expect(ended.slice(2)).toEqual(['long behind', 'after it']);
});

test('a command that throws is undone alone and only its own promise rejects, with the same error', async () => {
  const database = await freshDatabase();
  const mistake = new Error('no');
  const results = await Promise.allSettled([
    database.write(add('a')),
    database.write(async (w) => {
      await add('undone')(w);
      await w.event({ type: 'item.added' });
      throw mistake;
    }),
    database.write(add('a')),
    database.write(add('b')),
  ]);
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
  expect(results[1]).toHaveProperty('reason', mistake);
  expect(results[2]).toHaveProperty('reason.code', 'SQLITE_CONSTRAINT_UNIQUE');
  expect(await names(database)).toEqual(['a', 'b']);
  expect(await database.read((r) => r.all('SELECT * FROM events'))).toEqual([]);
  expect(database.stats()).toMatchObject({ groups: 1, commands: 4, refused: 2 });
});

test('a command sees what earlier ones of its group did', async () => {
  const database = await freshDatabase();
  void database.write(add('a'));
  expect(await database.write(readNames)).toEqual(['a']);
});

test('answers come after the commit and in the order of the commands, hooks before the promise', async () => {
  const database = await freshDatabase();
  const log: string[] = [];
  const command = (name: string, fails = false): Promise<unknown> =>
    database
      .write(async (w) => {
        w.afterCommit(() => log.push(`hook ${name}`));
        await add(name)(w);
        log.push(`body ${name}`);
        if (fails) throw new Error(name);
      })
      .then(
        () => log.push(`stored ${name}`),
        () => log.push(`refused ${name}`),
      );
  await Promise.all([command('a'), command('b', true), command('c')]);
  expect(log.slice(0, 3)).toEqual(['body a', 'body b', 'body c']);
  expect(log.filter((line) => line.startsWith('hook'))).toEqual(['hook a', 'hook c']);
  expect(log.filter((line) => /stored|refused/.test(line))).toEqual(['stored a', 'refused b', 'stored c']);
  expect(log.indexOf('hook a')).toBeLessThan(log.indexOf('stored a'));
});

test('a read that arrives while a group is being written waits for its commit', async () => {
  const database = await freshDatabase();
  let early: Promise<string[]> | undefined;
  const log: string[] = [];
  const first = database.write(async (w) => {
    await add('a')(w);
    early = names(database).then((seen) => (log.push('read'), seen));
    await w.get('SELECT 1');
    log.push('body');
  });
  const second = database.write(async (w) => {
    await add('b')(w);
    throw new Error('undone');
  });
  await Promise.allSettled([first, second]);
  expect(await early).toEqual(['a']);
  expect(log).toEqual(['body', 'read']);
});

test('a read never sees a group that is under way, whatever is interleaved', async () => {
  const database = await freshDatabase();
  const counts: number[] = [];
  const turns = Array.from({ length: 50 }, async (_, turn) => {
    for (let i = 0; i < turn % 5; i += 1) await setImmediate();
    const written = database.write(async (w) => {
      await add(`${turn} first`)(w);
      await w.get('SELECT 1');
      await add(`${turn} second`)(w);
    });
    counts.push((await names(database)).length);
    await written;
    counts.push((await names(database)).length);
  });
  await Promise.all(turns);
  expect(counts.filter((count) => count % 2 !== 0)).toEqual([]);
  expect(counts.at(-1)).toBe(100);
});

test('a command that awaits something else is refused, and the rest of its group is stored', async () => {
  const database = await freshDatabase();
  const results = await Promise.allSettled([
    database.write(add('a')),
    database.write(async (w) => {
      await add('lost')(w);
      await readFile('/dev/null');
      await add('late')(w);
    }),
    database.write(add('b')),
  ]);
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(results[1]).toHaveProperty('reason', expect.any(StalledError));
  await setImmediate();
  await setImmediate();
  expect(await names(database)).toEqual(['a', 'b']);
});

test('a command that waits for the database itself is refused instead of standing still for ever', async () => {
  const database = await freshDatabase();
  await expect(database.write(async () => database.write(add('inner')))).rejects.toThrow(StalledError);
  await expect(database.write(async () => names(database))).rejects.toThrow(StalledError);
  await expect(database.read(async () => database.write(add('b')))).rejects.toThrow(StalledError);
});

test('a read that awaits something else is refused and holds up nobody', async () => {
  const database = await freshDatabase();
  const stalled = database.read(async (r) => {
    await setImmediate();
    await setImmediate();
    return r.all('SELECT 1');
  });
  const written = database.write(add('a'));
  await expect(stalled).rejects.toThrow(StalledError);
  await written;
});

test('not even a read and a command that both stall make uncommitted data visible', async () => {
  const database = await freshDatabase();
  // Due before the next turn's immediates, which watch for stalling: both are resumed once.
  const timer = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));
  let seen: Promise<number[]> | undefined;
  setImmediateCallback(() => {
    seen = database.read(async (r) => {
      const before = await readNames(r);
      await timer();
      return [before.length, (await readNames(r)).length];
    });
  });
  const written = database.write(async (w) => {
    await add('a')(w);
    await timer();
    throw new Error('undone');
  });
  setImmediateCallback(() => {
    const start = performance.now();
    while (performance.now() - start < 3);
  });
  await expect(written).rejects.toThrow();
  const [result] = await Promise.allSettled([seen]);
  expect(result.status === 'rejected' ? 'refused' : result.value).toSatisfy(
    (value) => value === 'refused' || JSON.stringify(value) === '[0,0]',
  );
});

test('a handle is of no use after its function has ended', async () => {
  const database = await freshDatabase();
  let kept: WriteHandle | undefined;
  let late: Promise<unknown> | undefined;
  await database.write(async (w) => {
    kept = w;
    late = Promise.resolve().then(() => Promise.resolve().then(() => Promise.resolve().then(() => add('late')(w))));
  });
  await expect(late).rejects.toThrow('has ended');
  await expect(kept?.run('DELETE FROM items')).rejects.toThrow('has ended');
  await expect(kept?.query.selectFrom('events').selectAll().execute()).rejects.toThrow('has ended');
});

test('a long queue is stored in several transactions', async () => {
  const database = await freshDatabase();
  await Promise.all(Array.from({ length: 1100 }, (_, i) => database.write(add(String(i)))));
  expect(database.stats()).toMatchObject({ groups: 3, largestGroup: 512, commands: 1100 });
});

test('a hook that throws is reported and harms nobody', async () => {
  const reported: Reported[] = [];
  const database = await freshDatabase({ reported });
  const mistake = new Error('in a hook');
  await database.write(async (w) => {
    w.afterCommit(() => {
      throw mistake;
    });
    await add('a')(w);
  });
  expect(reported).toEqual([{ error: mistake, during: 'a hook after the commit' }]);
  expect(await names(database)).toEqual(['a']);
});

test('events are stored with their command, numbered without gaps and told after the commit', async () => {
  const clock = stillClock(42);
  const database = await freshDatabase({ clock });
  const told: unknown[] = [];
  const stop = database.onCommitted((events) => told.push(...events));
  await Promise.allSettled([
    database.write((w) => w.event({ type: 'run.created', runId: 'r', data: { n: 1, gone: undefined } })),
    database.write(async (w) => {
      await w.event({ type: 'run.failed' });
      throw new Error('undone');
    }),
    database.write(async (w) => {
      await w.event({ type: 'task.claimed', workerId: 'w', taskId: 't' });
      expect(told).toEqual([]);
    }),
  ]);
  const { epoch } = database;
  expect(told).toEqual([
    { seq: 1, epoch, at: 42, type: 'run.created', runId: 'r', workerId: null, taskId: null, data: { n: 1 } },
    { seq: 2, epoch, at: 42, type: 'task.claimed', runId: null, workerId: 'w', taskId: 't', data: {} },
  ]);
  expect(await database.read((r) => r.all('SELECT seq, type, data FROM events'))).toEqual([
    { seq: 1, type: 'run.created', data: '{"n":1}' },
    { seq: 2, type: 'task.claimed', data: '{}' },
  ]);
  stop();
  await database.write((w) => w.event({ type: 'run.created' }));
  expect(told).toHaveLength(2);
  await expect(database.write((w) => w.event({ type: 'a\nid: 7' }))).rejects.toThrow(TypeError);
});

test('a statement that rolls the transaction back takes the whole group with it, and says so to everyone', async () => {
  const database = await freshDatabase();
  await database.write(add('a'));
  const results = await Promise.allSettled([
    database.write(add('b')),
    database.write(async (w) => {
      await w.run("INSERT OR ROLLBACK INTO items (name) VALUES ('a')").catch(() => undefined);
      await add('c')(w);
    }),
    database.write(add('d')),
  ]);
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  expect(await names(database)).toEqual(['a']);
  await database.write(add('e'));
  expect(await names(database)).toEqual(['a', 'e']);
  expect(database.stats().failedGroups).toBe(1);
});

test('close finishes what was asked for and refuses what comes later', async () => {
  const database = await freshDatabase();
  const written = database.write(add('a'));
  const closed = database.close();
  await expect(database.write(add('b'))).rejects.toThrow('closed');
  await expect(names(database)).rejects.toThrow('closed');
  await written;
  await closed;
});
