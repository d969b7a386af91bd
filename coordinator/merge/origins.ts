/** Who this database is, and of whom it knows. */
import { FIRST_SLOT, SLOTS_END, slotTag } from '../../shared/model/run-label.ts';
import type { OriginAnnounce, OriginView } from '../../shared/protocol/offline/journal.ts';
import { isoTimeOrNull } from '../../shared/protocol/rest/common.ts';
import { Refusal } from '../http/refusal.ts';
import type { ReadHandle, WriteHandle } from '../storage/database.ts';
import type { Slots } from './rules/slots.ts';

export interface Origin {
  id: string;
  name: string;
  slot: number;
  itsSlot: number;
  promotedAt: number | null;
  /** principalKey() of who announced it. */
  registeredBy: string;
  trusted: boolean;
}

interface Row {
  id: string;
  name: string;
  slot: number;
  its_slot: number;
  promoted_at: number | null;
  registered_by: string;
  trusted: 0 | 1;
}

const SELECT = 'SELECT id, name, slot, its_slot, promoted_at, registered_by, trusted FROM origins';

export async function ownOrigin(r: ReadHandle): Promise<Origin> {
  const row = await r.get<Row>(`${SELECT} WHERE own = 1`);
  if (!row) throw new Error('The database has no origin of its own.');
  return toOrigin(row);
}

/** null for one that nobody has announced, and for this database's own. */
export async function foreignOrigin(r: ReadHandle, id: string): Promise<Origin | null> {
  const row = await r.get<Row>(`${SELECT} WHERE id = ? AND own = 0`, [id]);
  return row ? toOrigin(row) : null;
}

export const slotsOf = ({ slot, itsSlot }: Origin): Slots => ({ here: slot, there: itsSlot });

/** Gives the database the name of its machine, where it has none yet. Call it at each start. */
export async function nameOrigin(w: WriteHandle, name: string): Promise<void> {
  await w.run("UPDATE origins SET name = ? WHERE own = 1 AND name = ''", [name]);
}

export interface Promotion {
  /** Of the machine, for people. */
  name: string;
  /** For whom it stands in, as the warm copy says. */
  of: { origin: string; name: string };
  /** 0 ≤ x < 1; decides by which tag its runs are known. */
  random: number;
}

/**
 * Makes a fresh database that of a promoted coordinator: from now on its runs are numbered in a slot of their own, and what it does can be
 * brought home. Call it in the command that fills the database from the warm copy, before markBaseline(). Returns its origin.
 */
export async function promoteOrigin(w: WriteHandle, { name, of, random }: Promotion, now: number): Promise<Origin> {
  const runs = await w.get('SELECT id FROM runs LIMIT 1');
  if (runs) throw new Error('Only a database without runs can become that of a promoted coordinator.');
  const slot = FIRST_SLOT + Math.floor(random * (SLOTS_END - FIRST_SLOT));
  await w.run('UPDATE origins SET name = ?, slot = ?, its_slot = ?, promoted_at = ? WHERE own = 1', [
    name,
    slot,
    slot,
    now,
  ]);
  await w.run(
    `INSERT INTO origins (id, name, own, slot, its_slot, registered_at, registered_by) VALUES (?, ?, 0, 0, 0, ?, 'system')`,
    [of.origin, of.name, now],
  );
  return ownOrigin(w);
}

/**
 * An origin says who it is; the same again changes nothing but its name. Throws a 403 where somebody else announced it, a 409 for this
 * database's own and for one that was never promoted: what it did could not be told from what was done here.
 */
export async function announceOrigin(
  w: WriteHandle,
  id: string,
  announce: OriginAnnounce,
  by: { key: string; trusted: boolean },
  now: number,
): Promise<Origin> {
  const own = await ownOrigin(w);
  if (id === own.id)
    throw new Refusal(409, 'own_origin', 'This is the origin of this coordinator: it has all of it already.');
  const before = await foreignOrigin(w, id);
  if (before) {
    if (before.registeredBy !== by.key && !by.trusted) throw notYours(before);
    await w.run('UPDATE origins SET name = ?, trusted = max(trusted, ?) WHERE id = ?', [
      announce.name,
      by.trusted ? 1 : 0,
      id,
    ]);
    return { ...before, name: announce.name, trusted: before.trusted || by.trusted };
  }
  if (announce.slot < FIRST_SLOT || announce.slot >= SLOTS_END)
    throw new Refusal(
      409,
      'never_promoted',
      'Only what a promoted coordinator did can be merged: this one has no slot of its own.',
    );
  const slot = await freeSlot(w, announce.slot);
  await w.run(
    `INSERT INTO origins (id, name, own, slot, its_slot, promoted_at, registered_at, registered_by, trusted) VALUES (?, ?, 0, ?, ?, ?, ?, ?, ?)`,
    [id, announce.name, slot, announce.slot, announce.promoted_at, now, by.key, by.trusted ? 1 : 0],
  );
  return {
    id,
    name: announce.name,
    slot,
    itsSlot: announce.slot,
    promotedAt: announce.promoted_at,
    registeredBy: by.key,
    trusted: by.trusted,
  };
}

/** Who may bring entries of it: who announced it, or an admin. */
export function requireBringer(origin: Origin, by: { key: string; trusted: boolean }): void {
  if (origin.registeredBy !== by.key && !by.trusted) throw notYours(origin);
}

const notYours = (origin: Origin) =>
  new Refusal(
    403,
    'foreign_origin',
    `What ${origin.name} did is brought by whoever announced it, or by an admin: an origin brings its own only.`,
  );

/** The one that was asked for; where another origin has happened to choose the same, the next that is free. */
async function freeSlot(r: ReadHandle, wanted: number): Promise<number> {
  const taken = new Set((await r.all<{ slot: number }>('SELECT slot FROM origins')).map(({ slot }) => slot));
  for (let slot = wanted; ; slot = slot + 1 < SLOTS_END ? slot + 1 : FIRST_SLOT) if (!taken.has(slot)) return slot;
}

function toOrigin(row: Row): Origin {
  const { id, name, slot } = row;
  return {
    id,
    name,
    slot,
    itsSlot: row.its_slot,
    promotedAt: row.promoted_at,
    registeredBy: row.registered_by,
    trusted: row.trusted === 1,
  };
}

/** This database's own first, then by when they came. */
export async function listOrigins(r: ReadHandle): Promise<OriginView[]> {
  const rows = await r.all<
    Row & {
      own: 0 | 1;
      last_batch_at: number | null;
      verified_at: number | null;
      entries: number;
      waiting: number;
      runs: number;
      conflicts: number;
    }
  >(
    `SELECT o.*, coalesce(m.entries, 0) AS entries, coalesce(m.waiting, 0) AS waiting, coalesce(m.runs, 0) AS runs,
       (SELECT count(*) FROM conflicts c WHERE c.origin = o.slot AND c.state = 'open') AS conflicts
     FROM origins o LEFT JOIN (SELECT origin, sum(state = 'in_place') AS entries, sum(state <> 'in_place') AS waiting,
       sum(kind = 'run' AND state = 'in_place') AS runs FROM merged GROUP BY origin) m ON m.origin = o.slot AND o.own = 0
     ORDER BY o.own DESC, o.registered_at, o.id`,
  );
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    tag: slotTag(row.slot),
    own: row.own === 1,
    promoted_at: isoTimeOrNull(row.promoted_at),
    last_batch_at: isoTimeOrNull(row.last_batch_at),
    verified_at: isoTimeOrNull(row.verified_at),
    entries: row.entries,
    waiting: row.waiting,
    runs: row.runs,
    conflicts: row.conflicts,
  }));
}
