import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { migrations } from '../../../coordinator/storage/migrations.ts';
import { openDatabase } from '../../../coordinator/storage/open.ts';
import { tempFolder } from '../../support/folders.ts';
import { stillClock } from './fresh.ts';

test('what there was before there were teams goes to the first one, with all that hangs on it', async () => {
  const file = path.join(tempFolder(), 'playfleet.db');
  const report = (error: unknown) => {
    throw error;
  };
  const open = (known: typeof migrations) => openDatabase({ file, migrations: known, clock: stillClock(), report });
  const before = await open(
    migrations.slice(
      0,
      migrations.findIndex(({ name }) => name === 'people'),
    ),
  );
  await before.write(async (w) => {
    await w.run("INSERT INTO projects (id, name, created_at) VALUES ('p1', 'shop', 1), ('p2', 'admin', 2)");
    await w.run(
      `INSERT INTO test_history (project_id, test_id, runs, mean_ms, last_outcome, updated_at) VALUES ('p1', 't', 3, 10, 'expected', 1)`,
    );
    await w.run(
      `INSERT INTO runs (id, number, project_id, name, kind, state, config, max_retries, task_timeout_ms, created_by, created_at)
       VALUES ('r1', 1, 'p1', 'nightly', 'queue', 'pending', '{}', 0, 1000, 'me', 1)`,
    );
    await w.run(
      "INSERT INTO tokens (id, kind, name, role, hash, created_at, created_by) VALUES ('k', 'api', 'ci', 'runner', 'h', 1, 'me')",
    );
  });
  await before.close();
  const after = await open(migrations);
  onTestFinished(() => after.close());
  await after.read(async (r) => {
    expect(await r.all('SELECT id, key, name, team_id, created_at FROM projects ORDER BY id')).toEqual([
      { id: 'p1', key: 'p1', name: 'shop', team_id: 'default', created_at: 1 },
      { id: 'p2', key: 'p2', name: 'admin', team_id: 'default', created_at: 2 },
    ]);
    expect(await r.all('SELECT project_id, runs FROM test_history')).toEqual([{ project_id: 'p1', runs: 3 }]);
    expect(await r.all('SELECT id, project_id FROM runs')).toEqual([{ id: 'r1', project_id: 'p1' }]);
    expect(await r.all('SELECT team_id, person_id, role FROM tokens')).toEqual([
      { team_id: null, person_id: null, role: 'runner' },
    ]);
    expect(await r.all('SELECT id, name FROM teams')).toEqual([{ id: 'default', name: 'default' }]);
  });
  const twice = after.write((w) =>
    w.run("INSERT INTO projects (id, key, name, team_id, created_at) VALUES ('p3', 'p3', 'shop', 'default', 3)"),
  );
  await expect(twice).rejects.toThrow(/UNIQUE/);
});
