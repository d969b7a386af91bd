/** Lets the version of a register count that the rules choose (rules/registers.ts), and keeps the others where people see them. */
import { ZodError } from 'zod';
import { newId } from '../../shared/base/id.ts';
import { registerRow, type RegisterKind } from '../../shared/protocol/offline/journal.ts';
import { recordAudit, SYSTEM } from '../audit/record.ts';
import { Refusal } from '../http/refusal.ts';
import type { WriteHandle } from '../storage/database.ts';
import { readRegister, writeRegister, type RegisterDeps } from './registers.ts';
import { choose, hashValue, type Version } from './rules/registers.ts';

interface Name {
  kind: RegisterKind;
  id: string;
}

interface Found extends Version {
  slot: number;
  originName: string;
}

/** Stands for "not there" among hashes. */
const ABSENT = 'absent';
const countsOf = (value: string | null): string => hashValue(value) ?? ABSENT;

/**
 * One command for one register. Throws a Refusal or a ZodError, with nothing stored, where this side cannot have the version that should count:
 * call it again with the reason as `refused`, and that version is kept like the others.
 */
export async function settleRegister(
  w: WriteHandle,
  deps: RegisterDeps,
  name: Name,
  refused: string | null,
  now: number,
): Promise<void> {
  const live = (await readRegister(w, name.kind, name.id))?.value ?? null;
  const before = await w.get<{ own: string | null; counts: string }>(
    'SELECT own, counts FROM own_registers WHERE kind = ? AND id = ?',
    [name.kind, name.id],
  );
  const isChangedHere = before === undefined || before.counts !== countsOf(live);
  const own = isChangedHere ? live : before.own;
  const all = await readVersions(w, name);
  // Whoever changed it here since then has seen the version that counted.
  const versions = isChangedHere && before ? all.filter(({ value }) => countsOf(value) !== before.counts) : all;
  const choice = choose(name.kind, own, versions);
  const kept = choice.kept.map(({ version, why }) => ({ version: version as Found, why }));
  const from = versions.find(({ origin }) => origin === choice.from);
  if (from && choice.value !== live && refused !== null) kept.push({ version: from, why: refused });
  else if (choice.value !== live) {
    await writeRegister(w, deps, { ...name, value: choice.value, by: from?.by ?? SYSTEM.actorName }, now);
    const data = { origin: from?.originName ?? '', by: from?.by ?? '' };
    await recordAudit(w, { ...SYSTEM, action: 'merge.taken_over', target: `${name.kind} ${name.id}`, data }, now);
  }
  const counts = (await readRegister(w, name.kind, name.id))?.value ?? null;
  await rememberOwn(w, name, { own, counts });
  await keep(w, name, { live: counts, kept }, now);
}

/** Why a version cannot count here; null for an error that says nothing of the kind. */
export function whyRefused(error: unknown): string | null {
  if (error instanceof Refusal) return error.message;
  return error instanceof ZodError ? 'this version of Playfleet does not understand it' : null;
}

/** From now on this value is our own, whatever comes of the same again. */
export async function rememberOwn(
  w: WriteHandle,
  { kind, id }: Name,
  value: { own: string | null; counts: string | null },
): Promise<void> {
  await w.run(
    'INSERT INTO own_registers (kind, id, own, counts) VALUES (?, ?, ?, ?) ON CONFLICT (kind, id) DO UPDATE SET own = excluded.own, counts = excluded.counts',
    [kind, id, value.own, countsOf(value.counts)],
  );
}

async function readVersions(w: WriteHandle, { kind, id }: Name): Promise<Found[]> {
  const rows = await w.all<{ slot: number; origin: string; name: string; trusted: 0 | 1; payload: string }>(
    `SELECT o.slot, o.id AS origin, o.name, o.trusted, m.payload FROM merged m JOIN origins o ON o.slot = m.origin
     WHERE m.kind = ? AND m.id = ? AND m.kind IN ('setting', 'person', 'policy', 'template')`,
    [kind, id],
  );
  return rows.map(({ slot, origin, name, trusted, payload }) => ({
    slot,
    origin,
    originName: name,
    trusted: trusted === 1,
    ...registerRow.parse(JSON.parse(payload)),
  }));
}

async function keep(
  w: WriteHandle,
  { kind, id }: Name,
  { live, kept }: { live: string | null; kept: readonly { version: Found; why: string }[] },
  now: number,
): Promise<void> {
  await w.run(
    "DELETE FROM conflicts WHERE kind = ? AND key = ? AND state = 'open' AND origin NOT IN (SELECT value FROM json_each(?))",
    [kind, id, JSON.stringify(kept.map(({ version }) => version.slot))],
  );
  for (const { version, why } of kept) {
    await w.run(
      `INSERT INTO conflicts (id, origin, kind, key, ours, theirs, theirs_at, theirs_by, why, found_at, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'open')
       ON CONFLICT (origin, kind, key) DO UPDATE SET ours = excluded.ours, theirs = excluded.theirs, theirs_at = excluded.theirs_at,
         theirs_by = excluded.theirs_by, why = excluded.why, found_at = excluded.found_at, state = 'open', resolved_at = NULL, resolved_by = NULL
         WHERE conflicts.theirs IS NOT excluded.theirs`,
      [newId(now), version.slot, kind, id, live, version.value, version.at, version.by, why, now],
    );
  }
}
