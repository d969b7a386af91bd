/** Puts facts of another origin where this database has its own. The same again changes nothing. */
import type { FactKind, JournalRow } from '../../shared/protocol/offline/journal.ts';
import type { SqlValue, WriteHandle } from '../storage/database.ts';
import { FACTS, type PartKind } from './kinds.ts';
import { findOrMakeProject, findOrMakeTeam, standInWorker } from './places.ts';
import { fenceHere, numberHere, type Slots } from './rules/slots.ts';

export interface Into {
  slots: Slots;
  /** Of this database: the first half of the name of an event. */
  epoch: string;
}

/** false where the part belongs to a task of another run: it is not put anywhere. */
export async function writePart(w: WriteHandle, kind: PartKind, row: JournalRow, into: Into): Promise<boolean> {
  const here = rowHere(kind, row, into.slots);
  switch (kind) {
    case 'task':
      if (here.worker_id != null) await knowWorker(w, into, String(here.worker_id));
      return writeRow(w, kind, here, { where: 'tasks.run_id = excluded.run_id' });
    case 'grant': {
      const { run_id: runId, ...grant } = here;
      const own = await w.get('SELECT id FROM tasks WHERE id = ? AND run_id = ?', [
        here.task_id ?? null,
        runId ?? null,
      ]);
      if (own) await writeRow(w, kind, grant);
      return own !== undefined;
    }
    case 'event':
      return writeEvent(w, here, into);
    case 'artifact':
      // Its key may hold NULL, which no constraint compares.
      if (await isThere(w, kind, here)) return true;
      return writeRow(w, kind, here, { conflict: false });
    default:
      return writeRow(w, kind, here);
  }
}

export async function writeRun(w: WriteHandle, row: JournalRow, { slots }: Into): Promise<string> {
  const { team_id: teamId, team, project, number, ...columns } = row;
  const createdAt = Number(row.created_at);
  const ownerId = await findOrMakeTeam(w, { id: String(teamId), name: String(team), createdAt });
  const projectId = await findOrMakeProject(w, {
    id: String(row.id),
    name: String(project),
    teamId: ownerId,
    createdAt,
  });
  await writeRow(w, 'run', { ...columns, number: numberHere(Number(number), slots), project_id: projectId });
  return projectId;
}

/** What belongs to no run. */
export async function writeOther(
  w: WriteHandle,
  kind: Exclude<FactKind, PartKind | 'run'> | 'event',
  row: JournalRow,
  into: Into,
): Promise<boolean> {
  const createdAt = Number(row.created_at ?? 0);
  switch (kind) {
    case 'team':
      await findOrMakeTeam(w, { id: String(row.id), name: String(row.name), createdAt });
      return true;
    case 'project': {
      const teamId = await findOrMakeTeam(w, { id: String(row.team_id), name: String(row.team), createdAt });
      await findOrMakeProject(w, { id: String(row.id), name: String(row.name), teamId, createdAt });
      return true;
    }
    case 'worker':
      await standInWorker(w, into.slots.here, {
        id: String(row.id),
        hostname: String(row.hostname),
        capabilities: String(row.capabilities),
        createdAt,
      });
      return true;
    case 'audit':
      return writeRow(w, kind, { ...row, origin: into.slots.here }, { conflict: 'origin, seq' });
    case 'event':
      return writeEvent(w, row, into);
    case 'cluster':
    case 'dependency':
      return writeRow(w, kind, row);
  }
}

function rowHere(kind: FactKind, row: JournalRow, slots: Slots): JournalRow {
  const here = { ...row };
  for (const name of FACTS[kind].fences) if (here[name] != null) here[name] = fenceHere(Number(here[name]), slots);
  return here;
}

/** The entry that says more of it may come later. */
const knowWorker = (w: WriteHandle, { slots }: Into, id: string) =>
  standInWorker(w, slots.here, { id, hostname: null, capabilities: '{}', createdAt: 0 });

/** Straight into the log: whoever listens is told of the run as a whole, not that all of this happens now. */
async function writeEvent(w: WriteHandle, row: JournalRow, { slots, epoch }: Into): Promise<boolean> {
  await w.run(
    `INSERT INTO events (epoch, at, type, run_id, worker_id, task_id, data, origin, origin_seq) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (origin, origin_seq) WHERE origin IS NOT NULL DO NOTHING`,
    [
      epoch,
      ...['at', 'type', 'run_id', 'worker_id', 'task_id', 'data'].map((name) => row[name] ?? null),
      slots.here,
      row.seq ?? null,
    ],
  );
  return true;
}

async function isThere(w: WriteHandle, kind: FactKind, row: JournalRow): Promise<boolean> {
  const { table, key } = FACTS[kind];
  const found = await w.get(
    `SELECT 1 AS one FROM ${table} WHERE ${key.map((name) => `${name} IS ?`).join(' AND ')} LIMIT 1`,
    [...key.map((name) => row[name] ?? null)],
  );
  return found !== undefined;
}

/** Columns that the row lacks (an older version wrote it) get their defaults. */
async function writeRow(
  w: WriteHandle,
  kind: FactKind,
  row: JournalRow,
  { where = 'true', conflict = FACTS[kind].key.join(', ') }: { where?: string; conflict?: string | false } = {},
): Promise<boolean> {
  const { table } = FACTS[kind];
  const columns = Object.keys(row);
  const values: SqlValue[] = columns.map((name) => row[name] ?? null);
  const insert = `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`;
  if (conflict === false) {
    await w.run(insert, values);
    return true;
  }
  const keys = new Set(conflict.split(', '));
  const changed = columns.filter((name) => !keys.has(name)).map((name) => `${name} = excluded.${name}`);
  // An audit log never changes, and the id of an error follows from its title.
  const action =
    kind === 'audit' || kind === 'cluster' || changed.length === 0
      ? 'NOTHING'
      : `UPDATE SET ${changed.join(', ')} WHERE ${where}`;
  const { changes } = await w.run(`${insert} ON CONFLICT (${conflict}) DO ${action}`, values);
  return changes > 0 || action === 'NOTHING';
}
