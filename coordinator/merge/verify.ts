/**
 * What a side has of an origin, worked out from what lies in its tables and not from what it once noted: entries are made again from the rows and
 * hashed. Both sides come to the same only where nothing was lost, changed or counted twice.
 */
import { setImmediate } from 'node:timers/promises';
import {
  JOURNAL_VERSION,
  type FactKind,
  type JournalKind,
  type JournalRow,
  type JournalSummary,
  type VerifyAnswer,
} from '../../shared/protocol/offline/journal.ts';
import type { Database, ReadHandle } from '../storage/database.ts';
import { referencedBlobs, summariseBlobs, type BlobFiles } from './blobs.ts';
import { KEPT_KINDS } from './kinds.ts';
import { ownOrigin, slotsOf, type Origin } from './origins.ts';
import { readRows } from './outgoing.ts';
import { readFacts } from './rows.ts';
import { countIn, differences, hashEntry, type Kinds } from './rules/union.ts';

/** Entries read and hashed at a time, while others wait: a few milliseconds. */
const STEP = 50;
/** Of those that are missing, so many are named. */
const MISSING_NAMED = 1_000;

interface Stored {
  kind: JournalKind;
  id: string;
  rev: number;
  run_id: string | null;
  parts: number;
  payload: string | null;
}

/** Of a promoted coordinator: all that it has noted and still has. */
export async function summariseOwn(db: Database, store: BlobFiles): Promise<JournalSummary> {
  const { id } = await db.read(ownOrigin);
  const kinds = await summarise(db, id, async (r, after) => {
    const stored = await r.all<Stored>(
      'SELECT kind, id, rev, run_id, parts, NULL AS payload FROM journal WHERE (kind, id) > (?, ?) ORDER BY kind, id LIMIT ?',
      [...after, STEP],
    );
    return { stored, rows: await readRows(r, stored) };
  });
  const runs = await db.read((r) => r.all<{ id: string }>("SELECT id FROM journal WHERE kind = 'run' ORDER BY id"));
  const blobs = await referencedBlobs(
    db,
    store,
    runs.map((run) => run.id),
  );
  return { version: JOURNAL_VERSION, kinds, blobs: summariseBlobs(blobs) };
}

/** Of what was brought here: all of it that is in place. `missing`: bytes that its runs refer to and that are not here. */
export async function summariseBrought(
  db: Database,
  store: BlobFiles,
  origin: Origin,
): Promise<{ summary: JournalSummary; missing: string[] }> {
  const kinds = await summarise(db, origin.id, async (r, after) => {
    const stored = await r.all<Stored>(
      `SELECT kind, id, rev, run_id, parts, payload FROM merged WHERE origin = ? AND state = 'in_place' AND (kind, id) > (?, ?)
       ORDER BY kind, id LIMIT ?`,
      [origin.slot, ...after, STEP],
    );
    return { stored, rows: await readBrought(r, origin, stored) };
  });
  const runs = await db.read((r) =>
    r.all<{ id: string }>(
      "SELECT id FROM merged WHERE origin = ? AND kind = 'run' AND state = 'in_place' ORDER BY id",
      [origin.slot],
    ),
  );
  const blobs = await referencedBlobs(
    db,
    store,
    runs.map((run) => run.id),
  );
  const missing = await store.missing([...blobs]);
  return { summary: { version: JOURNAL_VERSION, kinds, blobs: summariseBlobs(blobs) }, missing };
}

export async function verifyBrought(
  db: Database,
  store: BlobFiles,
  origin: Origin,
  theirs: JournalSummary,
): Promise<VerifyAnswer> {
  const open = await db.read((r) =>
    r.get<{ waiting: number; conflicts: number }>(
      `SELECT count(*) AS waiting, (SELECT count(*) FROM conflicts WHERE origin = ? AND state = 'open') AS conflicts
         FROM merged INDEXED BY merged_open WHERE origin = ? AND state IN ('waiting', 'begun', 'changed')`,
      [origin.slot, origin.slot],
    ),
  );
  const { waiting = 0, conflicts = 0 } = open ?? {};
  if (waiting > 0) return { equal: false, summary: null, waiting, refused: 0, differs: [], missing: [], conflicts };
  const { refused = 0 } =
    (await db.read((r) =>
      r.get<{ refused: number }>("SELECT count(*) AS refused FROM merged WHERE origin = ? AND state = 'refused'", [
        origin.slot,
      ]),
    )) ?? {};
  const { summary, missing } = await summariseBrought(db, store, origin);
  const sameBlobs = summary.blobs.count === theirs.blobs.count && summary.blobs.sum === theirs.blobs.sum;
  const differs = [...differences(summary.kinds, theirs.kinds), ...(sameBlobs ? [] : ['blobs'])];
  return {
    equal: differs.length === 0,
    summary,
    waiting,
    refused,
    differs,
    missing: missing.slice(0, MISSING_NAMED),
    conflicts,
  };
}

async function summarise(
  db: Database,
  origin: string,
  page: (r: ReadHandle, after: [string, string]) => Promise<{ stored: Stored[]; rows: Map<string, JournalRow> }>,
): Promise<Kinds> {
  const kinds: Kinds = {};
  for (let after: [string, string] = ['', '']; ;) {
    const behind = after;
    const { stored, rows } = await db.read((r) => page(r, behind));
    for (const { kind, id, rev, run_id: run, parts } of stored) {
      const row = rows.get(`${kind} ${id}`);
      if (row) countIn(kinds, kind, hashEntry(origin, { kind, id, rev, run, parts, row }));
    }
    const last = stored.at(-1);
    if (!last || stored.length < STEP) return kinds;
    after = [last.kind, last.id];
    await setImmediate();
  }
}

async function readBrought(r: ReadHandle, origin: Origin, stored: readonly Stored[]): Promise<Map<string, JournalRow>> {
  const rows = new Map<string, JournalRow>();
  const byKind = new Map<JournalKind, Stored[]>();
  for (const one of stored) byKind.set(one.kind, [...(byKind.get(one.kind) ?? []), one]);
  for (const [kind, all] of byKind) {
    const payloads = new Map(
      all.map(({ id, payload }) => [id, payload === null ? {} : (JSON.parse(payload) as JournalRow)]),
    );
    if (KEPT_KINDS.has(kind) && kind !== 'run') for (const [id, row] of payloads) rows.set(`${kind} ${id}`, row);
    else {
      for (const { id, row } of await readFacts(r, kind as FactKind, [...payloads.keys()], slotsOf(origin))) {
        // Columns that the origin did not know have their defaults here, and its project may lie under another id.
        const theirs = payloads.get(id) ?? {};
        rows.set(
          `${kind} ${id}`,
          kind === 'run' ? { ...row, team_id: theirs.team_id ?? null, team: theirs.team ?? null } : row,
        );
      }
    }
  }
  return rows;
}
