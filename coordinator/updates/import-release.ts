/** Takes a release in: its signature is checked, and each of its files is compared with what was signed, before machines can see any of it. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { newId } from '../../shared/base/id.ts';
import { openEnvelope, type UpdateKey } from '../../shared/model/update-trust.ts';
import type { ReleaseImport } from '../../shared/protocol/rest/updates.ts';
import { updateEnvelope, updateManifest, type UpdateManifest } from '../../shared/protocol/update.ts';
import type { BlobStore } from '../artifacts/blob-store.ts';
import { badField, Refusal } from '../http/refusal.ts';
import type { WriteHandle } from '../storage/database.ts';
import { findRelease } from './queries.ts';
import { changedFile, filesIn } from './rules.ts';

/** A release whose signature and files are what they should be. */
export interface CheckedRelease {
  envelope: string;
  manifest: UpdateManifest;
  files: { name: string; sha256: string; size: number }[];
}

/** Throws a 422 that names what is wrong. Reads every file once. */
export async function checkRelease(
  { envelope, files }: ReleaseImport,
  { keys, store }: { keys: readonly UpdateKey[]; store: Pick<BlobStore, 'fileOf'> },
  now: number,
): Promise<CheckedRelease> {
  if (keys.length === 0)
    throw new Refusal(
      422,
      'no_update_keys',
      'This coordinator knows no publisher: name the file of its keys with --update-keys.',
    );
  const opened = await openEnvelope(envelope, keys);
  if (!opened.ok) throw badField('envelope', `cannot be taken: ${opened.why}`);
  const manifest = opened.value;
  if (Date.parse(manifest.expires_at) <= now)
    throw badField('envelope', `has ended on ${manifest.expires_at.slice(0, 10)}: get it signed again`);
  const given = new Map(files.map(({ name, sha256 }) => [name, sha256]));
  const checked: CheckedRelease['files'] = [];
  for (const { name, size, sha512 } of filesIn(manifest)) {
    const sha256 = given.get(name);
    if (sha256 === undefined) throw badField('files', `lacks ${name}, which the manifest names`);
    const file = await store.fileOf(sha256);
    if (file === null) throw badField('files', `names bytes for ${name} that are not here: upload them first`);
    const found = await hashed(file);
    if (found.size !== size || found.sha512 !== sha512)
      throw badField('files', `holds a ${name} that is not what was signed: it was changed`);
    checked.push({ name, sha256, size });
  }
  return { envelope, manifest, files: checked };
}

/** Stores it, or takes a newer signature of a version that is here. Returns the release's id. */
export async function storeRelease(
  w: WriteHandle,
  { envelope, manifest, files }: CheckedRelease,
  by: string,
  now: number,
): Promise<string> {
  const { channel, version, staged_percent: percent } = manifest;
  const before = await findRelease(w, channel, version);
  if (before && Date.parse(manifest.signed_at) < before.signed_at)
    throw new Refusal(409, 'older_signature', `${version} is here with a newer signature than this one.`);
  const changed = before && changedFile(manifestOf(before.envelope), manifest);
  if (changed)
    throw new Refusal(
      409,
      'files_changed',
      `${version} is here with another ${changed}. Files of a version never change: publish a new version.`,
    );
  const { there } = (await w.get<{ there: number }>(
    'SELECT count(*) AS there FROM blobs WHERE sha256 IN (SELECT value FROM json_each(?))',
    [JSON.stringify(files.map(({ sha256 }) => sha256))],
  )) ?? { there: 0 };
  // Those of a withdrawn release may have been cleared away since they were looked at.
  if (there < new Set(files.map(({ sha256 }) => sha256)).size)
    throw badField('files', 'names bytes that are not here any more: upload them again');
  const id = before?.id ?? newId(now);
  const times = [manifest.released_at, manifest.signed_at, manifest.expires_at].map((text) => Date.parse(text));
  await w.run(
    `INSERT INTO releases (id, channel, version, envelope, released_at, signed_at, expires_at, signed_percent, imported_at, imported_by)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (channel, version) DO UPDATE SET envelope = excluded.envelope, released_at = excluded.released_at,
       signed_at = excluded.signed_at, expires_at = excluded.expires_at,
       percent = min(percent, excluded.signed_percent), signed_percent = excluded.signed_percent,
       imported_at = excluded.imported_at, imported_by = excluded.imported_by, withdrawn_at = NULL`,
    [id, channel, version, envelope, ...times, percent, now, by],
  );
  await w.run('DELETE FROM release_files WHERE release_id = ?', [id]);
  for (const { name, sha256, size } of files)
    await w.run('INSERT INTO release_files (release_id, name, sha256, size) VALUES (?, ?, ?, ?)', [
      id,
      name,
      sha256,
      size,
    ]);
  return id;
}

/** Of an envelope that was checked when it came. */
const manifestOf = (envelope: string): UpdateManifest =>
  updateManifest.parse(JSON.parse(updateEnvelope.parse(JSON.parse(envelope)).manifest));

async function hashed(file: string): Promise<{ size: number; sha512: string }> {
  const hash = createHash('sha512');
  let size = 0;
  for await (const chunk of createReadStream(file, { highWaterMark: 1024 * 1024 }) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    size += chunk.length;
  }
  return { size, sha512: hash.digest('base64') };
}
