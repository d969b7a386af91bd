/** Reads releases and what is served of them. */
import { isoTime } from '../../shared/protocol/rest/common.ts';
import type { Release } from '../../shared/protocol/rest/updates.ts';
import type { ReadHandle } from '../storage/database.ts';
import type { Tables } from '../storage/tables.ts';
import { currentOf, stateOf } from './rules.ts';

export type StoredRelease = Tables['releases'];

/** Newest import first. */
export async function listReleases(r: ReadHandle, now: number): Promise<Release[]> {
  const rows = await r.all<StoredRelease & { files: string }>(
    `SELECT releases.*, (SELECT json_group_array(json_object('name', name, 'size', size)) FROM release_files WHERE release_id = id) AS files
     FROM releases ORDER BY imported_at DESC, id DESC`,
  );
  return rows.map((row) => {
    const current = currentOf(rows.filter(({ channel }) => channel === row.channel));
    return {
      id: row.id,
      channel: row.channel,
      version: row.version,
      state: stateOf(row, current, now),
      staged_percent: row.percent ?? row.signed_percent,
      signed_percent: row.signed_percent,
      released_at: isoTime(row.released_at),
      signed_at: isoTime(row.signed_at),
      expires_at: isoTime(row.expires_at),
      imported_at: isoTime(row.imported_at),
      imported_by: row.imported_by,
      files: JSON.parse(row.files) as Release['files'],
    };
  });
}

export async function getRelease(r: ReadHandle, id: string, now: number): Promise<Release | null> {
  return (await listReleases(r, now)).find((one) => one.id === id) ?? null;
}

export async function findRelease(r: ReadHandle, channel: string, version: string): Promise<StoredRelease | null> {
  const row = await r.get<StoredRelease>('SELECT * FROM releases WHERE channel = ? AND version = ?', [
    channel,
    version,
  ]);
  return row ?? null;
}

/** What machines of a channel are offered; null: nothing. */
export async function offeredRelease(r: ReadHandle, channel: string): Promise<StoredRelease | null> {
  return currentOf(await r.all<StoredRelease>('SELECT * FROM releases WHERE channel = ?', [channel]));
}

export async function fileOfRelease(
  r: ReadHandle,
  releaseId: string,
  name: string,
): Promise<{ sha256: string; size: number } | null> {
  const row = await r.get<{ sha256: string; size: number }>(
    'SELECT sha256, size FROM release_files WHERE release_id = ? AND name = ?',
    [releaseId, name],
  );
  return row ?? null;
}

/** Versions that the machines of the fleet said last, most machines first. */
export async function fleetVersions(
  r: ReadHandle,
): Promise<{ agent_version: string | null; workers: number; online: number }[]> {
  return r.all(
    `SELECT agent_version, count(*) AS workers, sum(online) AS online FROM workers WHERE revoked_at IS NULL
     GROUP BY agent_version ORDER BY workers DESC, agent_version`,
  );
}
