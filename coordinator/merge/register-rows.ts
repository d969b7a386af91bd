/** Versions of registers as a promoted coordinator tells of them: what they were when it began, and what they are now. */
import type { JournalRow, RegisterKind } from '../../shared/protocol/offline/journal.ts';
import type { ReadHandle } from '../storage/database.ts';
import { ownOrigin } from './origins.ts';
import { listRegisters, readRegister, type Register } from './registers.ts';
import { hashValue } from './rules/registers.ts';

export async function readRegisterRow(r: ReadHandle, kind: RegisterKind, id: string): Promise<JournalRow> {
  const base = await r.get<{ hash: string }>('SELECT hash FROM journal_base WHERE kind = ? AND id = ?', [kind, id]);
  const now = await readRegister(r, kind, id);
  return toRow(base?.hash ?? null, now, (await ownOrigin(r)).promotedAt ?? 0);
}

/** Of all that differ from what they were, or were told of before: what was changed and then put back would else stay changed elsewhere. */
export async function changedRegisters(r: ReadHandle, kind: RegisterKind): Promise<{ id: string; row: JournalRow }[]> {
  const base = await r.all<{ id: string; hash: string }>('SELECT id, hash FROM journal_base WHERE kind = ?', [kind]);
  const noted = await r.all<{ id: string }>('SELECT id FROM journal WHERE kind = ?', [kind]);
  const { promotedAt } = await ownOrigin(r);
  const before = new Map(base.map(({ id, hash }) => [id, hash]));
  const now = new Map((await listRegisters(r, kind)).map((register) => [register.id, register]));
  const told = new Set(noted.map(({ id }) => id));
  const ids = new Set([...before.keys(), ...told, ...now.keys()]);
  return [...ids]
    .filter((id) => told.has(id) || hashValue(now.get(id)?.value ?? null) !== (before.get(id) ?? null))
    .map((id) => ({ id, row: toRow(before.get(id) ?? null, now.get(id) ?? null, promotedAt ?? 0) }));
}

/** Nobody notes when something was taken away: it counts as the first thing that was done. */
const toRow = (base: string | null, now: Register | null, promotedAt: number): JournalRow => ({
  base,
  value: now?.value ?? null,
  at: now?.at ?? promotedAt,
  by: now?.by ?? '',
});
