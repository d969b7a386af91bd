/** Pure decisions about copies and coordinators. */
import {
  COPIED_TABLES,
  MOST_HISTORY,
  type CopyPermit,
  type HistoryRow,
  type WarmCopy,
  type WarmCopyPage,
} from '../../../shared/protocol/offline/warm-copy.ts';

/**
 * The copy with one more answer in it. Throws where parts are missing that the answer says the machine has: then it must be asked for from the
 * beginning.
 */
export function withPage(before: WarmCopy | null, page: WarmCopyPage): WarmCopy {
  const tables = {} as WarmCopy['tables'];
  for (const table of COPIED_TABLES) {
    const rows = page.tables[table] ?? before?.tables[table];
    if (rows === undefined) throw new Error(`the coordinator's answer lacks ${table}`);
    tables[table] = rows;
  }
  const secrets = page.hashes.secrets === undefined ? null : (page.secrets ?? before?.secrets ?? null);
  const projects = new Set(tables.projects.map(({ id }) => id));
  const history = withHistory(page.anew ? [] : (before?.history ?? []), page.history);
  return {
    version: page.version,
    origin: page.origin,
    schema: page.schema,
    hashes: page.hashes,
    tables,
    secrets,
    history: history.filter((row) => projects.has(row.project_id)),
    cursor: page.cursor,
  };
}

/** One row for each test, the newest ones where there are too many. */
function withHistory(before: readonly HistoryRow[], changed: readonly HistoryRow[]): HistoryRow[] {
  if (changed.length === 0) return [...before];
  const rows = new Map<string, HistoryRow>();
  for (const row of [...before, ...changed]) {
    const key = `${row.project_id} ${row.test_id}`;
    rows.delete(key);
    rows.set(key, row);
  }
  return [...rows.values()].slice(-MOST_HISTORY);
}

/** Whether values of secrets are asked for: an admin permits it, and the owner of the machine wants it or its tests are another user. */
export const wantsSecrets = (permit: CopyPermit, owner: { copySecrets: boolean; runsAsOther: boolean }): boolean =>
  permit === 'secrets' && (owner.copySecrets || owner.runsAsOther);

/** The copy as it is where secrets are not wanted. */
export function withoutSecrets(copy: WarmCopy): WarmCopy {
  const { secrets: _, ...hashes } = copy.hashes;
  return { ...copy, hashes, secrets: null };
}

/** When to ask next: steady, but not all machines of a fleet at once. `random`: 0 ≤ x < 1. */
export const nextRefreshMs = (everyMs: number, random: number): number => Math.round(everyMs * (0.9 + random * 0.2));

/** A statement is replaced when half of its time is over, so that a machine that leaves has at least a week. */
export const mustRenew = (claims: { issued_at: number; expires_at: number }, now: number): boolean =>
  now >= (claims.issued_at + claims.expires_at) / 2;

/** Long enough for a coordinator that is started anew. */
const AWAY_DOWN_MS = 30_000;

/** Whether a worker goes home unasked. `downMs`: for how long the promoted coordinator has not been there; null: it is. */
export const comesHome = ({ downMs, homeIsUp }: { downMs: number | null; homeIsUp: boolean }): boolean =>
  homeIsUp && downMs !== null && downMs >= AWAY_DOWN_MS;

/** Why a promoted coordinator (name and address) refuses this worker's key, in words for its owner, and the mend. */
export const unknownThere = ({ name, url }: { name: string; url: string }): { message: string; mend: string } => ({
  message: `${name} does not know this machine: it was enrolled, or got its key, after ${name} last fetched its copy of your coordinator`,
  mend: `Let it join there as a new one: make a code on ${name} (playfleet token create --code), then here: playfleet join SIX WORDS --at ${url}`,
});
