/**
 * On a promoted coordinator: notes in the journal what it has done and has to bring home. Nothing is noted while it is done, so that working offline
 * costs nothing more; what is there is compared with what was noted, so that noting can stop anywhere and begin again.
 */
import {
  JOURNAL_VERSION,
  REGISTER_KINDS,
  registerKind,
  type FactKind,
  type JournalKind,
  type JournalRow,
  type RegisterKind,
} from '../../shared/protocol/offline/journal.ts';
import type { Database, SqlValue, WriteHandle } from '../storage/database.ts';
import { OTHERS, PART_KINDS } from './kinds.ts';
import { ownOrigin } from './origins.ts';
import { changedRegisters } from './register-rows.ts';
import { listRegisters } from './registers.ts';
import { keyOf, readAfter, readFacts, readParts, type Fact } from './rows.ts';
import { hashEntry, hashText } from './rules/union.ts';

/** Rows in one command. */
const STEP = 200;

export interface Noted {
  kind: JournalKind;
  id: string;
  run: string | null;
  parts: number;
  row: JournalRow;
}

/**
 * Call it in the command that fills the database from the warm copy, behind everything else: what is there now is not brought home, only what
 * becomes of it.
 */
export async function markBaseline(w: WriteHandle): Promise<void> {
  await w.run('DELETE FROM journal_base');
  const mark = (kind: JournalKind, id: string, hash: string) =>
    w.run('INSERT INTO journal_base (kind, id, hash) VALUES (?, ?, ?)', [kind, id, hash]);
  for (const kind of REGISTER_KINDS) {
    for (const { id, value } of await listRegisters(w, kind)) await mark(kind, id, hashText(value));
  }
  for (const kind of Object.keys(OTHERS) as FactKind[]) {
    // Its own log begins with its promotion.
    if (kind === 'audit') continue;
    for (const { id, row } of await readAfter(w, kind, null, { limit: -1 })) await mark(kind, id, rowHash(row));
  }
}

/** Of a row by itself: tells whether it is still as it came. */
const rowHash = (row: JournalRow): string => hashText(JSON.stringify([JOURNAL_VERSION, row]));

/** Runs that have ended, with their reports, and were not noted yet. */
const RUNS_TO_NOTE = `SELECT r.id FROM runs r WHERE r.completed_at IS NOT NULL AND r.report_state IN ('ready', 'failed')
  AND r.id NOT IN (SELECT id FROM merged WHERE kind = 'run' AND run_id IS NOT NULL)`;

/** `again`: also looks at what was noted before, for what was added or changed since. Resolves with how many entries are new or changed. */
export async function noteAll(db: Database, { again }: { again: boolean }): Promise<number> {
  const { id: origin } = await db.read(ownOrigin);
  const runs = await db.read((r) =>
    r.all<{ id: string }>(
      `${RUNS_TO_NOTE} ${again ? '' : "AND NOT EXISTS (SELECT 1 FROM journal j WHERE j.kind = 'run' AND j.id = r.id)"} ORDER BY r.completed_at`,
    ),
  );
  let noted = 0;
  for (const { id } of runs) noted += await noteRun(db, origin, id);
  for (const kind of [...(Object.keys(OTHERS) as (keyof typeof OTHERS)[]), 'event' as const])
    noted += await noteOthers(db, origin, kind);
  for (const kind of REGISTER_KINDS) noted += await noteRegisters(db, origin, kind);
  return noted;
}

/** How many runs cannot be brought yet: they are not over, or so lately that they were not noted. */
export async function runsLeft(db: Database): Promise<number> {
  const row = await db.read((r) =>
    r.get<{ n: number }>(
      `SELECT count(*) AS n FROM runs WHERE completed_at IS NULL OR report_state IN ('none', 'merging')
         OR (id NOT IN (SELECT id FROM journal WHERE kind = 'run') AND id NOT IN (SELECT id FROM merged WHERE kind = 'run' AND run_id IS NOT NULL))`,
    ),
  );
  return row?.n ?? 0;
}

/** The parts first: a run is noted when all of them are. */
async function noteRun(db: Database, origin: string, runId: string): Promise<number> {
  let noted = 0;
  for (const kind of PART_KINDS) {
    for (let offset = 0; ; offset += STEP) {
      const facts = await db.read((r) => readParts(r, kind, runId, { limit: STEP, offset }));
      noted += await note(
        db,
        origin,
        facts.map((fact) => ({ ...fact, kind, run: runId, parts: 0 })),
      );
      if (facts.length < STEP) break;
    }
  }
  const { run, parts } = await db.read(async (r) => ({
    run: await readFacts(r, 'run', [runId], null),
    parts: await r.get<{ n: number }>("SELECT count(*) AS n FROM journal WHERE run_id = ? AND kind <> 'run'", [runId]),
  }));
  noted += await note(
    db,
    origin,
    run.map((fact) => ({ ...fact, kind: 'run', run: runId, parts: parts?.n ?? 0 })),
  );
  return noted;
}

async function noteOthers(db: Database, origin: string, kind: keyof typeof OTHERS | 'event'): Promise<number> {
  let noted = 0;
  for (let after: SqlValue[] | null = null; ;) {
    const behind: SqlValue[] | null = after;
    const { facts, base } = await db.read(async (r) => {
      const facts = await readAfter(r, kind, behind, { limit: STEP, ...WHERE[kind] });
      const ids = JSON.stringify(facts.map(({ id }) => id));
      const base = await r.all<{ id: string; hash: string }>(
        'SELECT id, hash FROM journal_base WHERE kind = ? AND id IN (SELECT value FROM json_each(?))',
        [kind, ids],
      );
      return { facts, base: new Map(base.map((row) => [row.id, row.hash])) };
    });
    const own = facts.filter(({ id, row }) => base.get(id) !== rowHash(row));
    noted += await note(
      db,
      origin,
      own.map((fact) => ({ ...fact, kind, run: null, parts: 0 })),
    );
    const last: Fact | undefined = facts.at(-1);
    if (!last || facts.length < STEP) return noted;
    after = keyOf(kind, last.row);
  }
}

const unknown = (kind: FactKind, key: string) =>
  `NOT EXISTS (SELECT 1 FROM journal j WHERE j.kind = '${kind}' AND j.id = CAST(t.${key} AS TEXT))`;

/** What never changes is not looked at again. Events of runs go with their run; a dependency when both of its runs are noted. */
const WHERE: Partial<Record<FactKind, { where: string }>> = {
  event: { where: `t.run_id IS NULL AND ${unknown('event', 'seq')}` },
  audit: { where: unknown('audit', 'seq') },
  cluster: { where: unknown('cluster', 'id') },
  dependency: {
    where: `EXISTS (SELECT 1 FROM journal WHERE kind = 'run' AND id = t.run_id) AND EXISTS (SELECT 1 FROM journal WHERE kind = 'run' AND id = t.before_id)`,
  },
  worker: { where: "t.key_hash NOT LIKE 'merged:%'" },
};

async function noteRegisters(db: Database, origin: string, kind: RegisterKind): Promise<number> {
  const changed = await db.read((r) => changedRegisters(r, kind));
  return note(
    db,
    origin,
    changed.map((register) => ({ ...register, kind, run: null, parts: 0 })),
  );
}

/** New, or as another revision. Returns how many those were. */
async function note(db: Database, origin: string, entries: readonly Noted[]): Promise<number> {
  if (entries.length === 0) return 0;
  let changed = 0;
  for (let at = 0; at < entries.length; at += STEP)
    changed += await db.write((w) => noteEntries(w, origin, entries.slice(at, at + STEP)));
  return changed;
}

export async function noteEntries(w: WriteHandle, origin: string, entries: readonly Noted[]): Promise<number> {
  let changed = 0;
  for (const entry of entries) {
    const { kind, id, run, parts } = entry;
    const before = await w.get<{ rev: number; hash: string; parts: number; run_id: string | null }>(
      'SELECT rev, hash, parts, run_id FROM journal WHERE kind = ? AND id = ?',
      [kind, id],
    );
    if (before && hashEntry(origin, { ...entry, rev: before.rev }) === before.hash) continue;
    const rev = (before?.rev ?? 0) + 1;
    await w.run(
      `INSERT INTO journal (kind, id, rev, run_id, parts, hash) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (kind, id) DO UPDATE SET rev = excluded.rev, run_id = excluded.run_id, parts = excluded.parts, hash = excluded.hash`,
      [kind, id, rev, run, parts, hashEntry(origin, { ...entry, rev })],
    );
    changed++;
  }
  return changed;
}

export const isRegister = (kind: string): kind is RegisterKind => registerKind.safeParse(kind).success;
