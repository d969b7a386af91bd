import { expect, test } from 'vitest';
import { PARTS, RUN, type FactTable } from '../../../coordinator/merge/kinds.ts';
import { freshDatabase } from '../storage/fresh.ts';
import { readMigrations } from '../../support/migrations.ts';

/** Numbers that a table gives its rows by itself, and ids for which names travel. */
const STAYS: Record<string, readonly string[]> = {
  runs: ['project_id'],
  test_attempts: ['id'],
  log_chunks: ['id'],
  artifacts: ['id'],
  events: ['epoch', 'origin', 'origin_seq'],
};
/** Columns of what a project is called. */
const NAMES = ['project', 'team_id', 'team'];

test('every column of a run and of its parts travels: one that a later version adds must be put into the list', async () => {
  const db = await freshDatabase({ migrations: readMigrations() });
  for (const { table, columns, fences } of [RUN, ...Object.values(PARTS)] as FactTable[]) {
    const there = await db.read((r) => r.all<{ name: string }>('SELECT name FROM pragma_table_info(?)', [table]));
    const names = there.map(({ name }) => name).filter((name) => !(STAYS[table] ?? []).includes(name));
    expect(columns.filter((name) => !(table === 'runs' && NAMES.includes(name))).toSorted(), table).toEqual(
      names.toSorted(),
    );
    expect(
      names.filter((name) => name.endsWith('fence')),
      table,
    ).toEqual([...fences].toSorted());
  }
});
