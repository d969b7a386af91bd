/**
 * Whether an update is what its publisher made, and is meant for this machine. The feed is not trusted: whoever holds it can keep a machine
 * from newer versions until the manifest expires, and nothing more. Signatures by Web Crypto, so that this runs anywhere.
 */
import { compareVersions } from '../base/version.ts';
import {
  updateEnvelope,
  updateManifest,
  type PackageFormat,
  type UpdateManifest,
  type UpdatePackage,
} from '../protocol/update.ts';

/** A public key: 32 bytes in base64url, as update-keys.json lists them. */
export type UpdateKey = string;

export type RefusalCode =
  | 'unreadable'
  | 'unknown_key'
  | 'bad_signature'
  | 'newer_schema'
  | 'expired'
  | 'other_channel'
  | 'downgrade'
  | 'replayed'
  | 'marked_bad'
  | 'too_old'
  | 'no_package'
  | 'feed_disagrees'
  | 'damaged';
/** Not meant for this machine, or not yet: nothing is wrong. */
export type PassCode = 'installed' | 'not_yet_here';

export type Judged<T> =
  | { ok: true; value: T }
  | { ok: false; refused: RefusalCode; why: string }
  | { ok: false; passed: PassCode; why: string };

const refuse = (refused: RefusalCode, why: string) => ({ ok: false, refused, why }) as const;

/** Told apart from all else that a key may ever sign. */
const DOMAIN = 'playfleet-update-manifest\n';
const utf8 = new TextEncoder();

/** The bytes that a signature is over. */
export const signedBytes = (manifest: string): Uint8Array<ArrayBuffer> => utf8.encode(DOMAIN + manifest);

/** Made from the key itself, so that no two lists can mean different keys by one id. */
export async function keyId(key: UpdateKey): Promise<string> {
  return hex(await crypto.subtle.digest('SHA-256', fromBase64(key))).slice(0, 16);
}

/** The manifest in an envelope, once one of these keys has vouched for its exact bytes. `text`: of the envelope. */
export async function openEnvelope(text: string, keys: readonly UpdateKey[]): Promise<Judged<UpdateManifest>> {
  const envelope = updateEnvelope.safeParse(jsonOf(text));
  if (!envelope.success) return refuse('unreadable', 'the feed holds no signed manifest');
  const { manifest, signatures } = envelope.data;
  const known = new Map(await Promise.all(keys.map(async (key) => [await keyId(key), key] as const)));
  const ours = signatures.filter(({ key }) => known.has(key));
  if (ours.length === 0) {
    const by = signatures.map(({ key }) => key).join(', ');
    return refuse('unknown_key', `it is signed with ${by}, which this version does not know`);
  }
  const checked = await Promise.all(
    ours.map(({ key, signature }) => isSignedBy(known.get(key) ?? '', manifest, signature)),
  );
  if (!checked.includes(true))
    return refuse('bad_signature', 'its signature does not fit: it was changed after signing');
  return readManifest(manifest);
}

function readManifest(text: string): Judged<UpdateManifest> {
  const json = jsonOf(text) as { schema?: unknown } | null;
  const parsed = updateManifest.safeParse(json);
  if (parsed.success) return { ok: true, value: parsed.data };
  const issue = parsed.error.issues[0];
  if (issue?.path[0] === 'schema' && typeof json?.schema === 'number')
    return refuse(
      'newer_schema',
      `its manifest has the form ${json.schema}, which this version cannot read: install by hand`,
    );
  return refuse(
    'unreadable',
    `its manifest is not understood: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`,
  );
}

async function isSignedBy(key: UpdateKey, manifest: string, signature: string): Promise<boolean> {
  const imported = await crypto.subtle.importKey('raw', fromBase64(key), 'Ed25519', false, ['verify']);
  return crypto.subtle.verify('Ed25519', imported, fromBase64(signature), signedBytes(manifest));
}

/** What this machine knows of itself and of what it has seen. */
export interface MachineFacts {
  now: number;
  channel: string;
  installed: string;
  /** Newest that was ever seen on this channel, whether it was installed or not; null: none yet. */
  seen: { version: string; signedAt: number } | null;
  /** That could not be started or installed here. */
  bad: readonly string[];
  /** Stable for as long as the machine is the same. */
  machineId: string;
  /** What the coordinator lets through at most; null: says nothing. */
  fleetPercent: number | null;
}

/** Whether a manifest that is genuine is for this machine, and now. */
export async function judgeManifest(manifest: UpdateManifest, machine: MachineFacts): Promise<Judged<UpdateManifest>> {
  const { version, channel } = manifest;
  const { installed, seen } = machine;
  if (channel !== machine.channel)
    return refuse('other_channel', `it is for the channel ${channel}, this machine follows ${machine.channel}`);
  if (Date.parse(manifest.expires_at) <= machine.now) {
    const day = manifest.expires_at.slice(0, 10);
    return refuse(
      'expired',
      `what the feed says ended on ${day}: it is kept from being renewed, or this machine's clock is wrong`,
    );
  }
  if (seen && Date.parse(manifest.signed_at) < seen.signedAt)
    return refuse('replayed', `the feed shows an older manifest than one that was seen before (${seen.version})`);
  if (compareVersions(version, installed) === 0)
    return { ok: false, passed: 'installed', why: `${installed} is the newest version` };
  if (compareVersions(version, installed) < 0)
    return refuse('downgrade', `it offers ${version}, which is older than the installed ${installed}`);
  if (seen && compareVersions(version, seen.version) < 0)
    return refuse('downgrade', `it offers ${version}, which is older than ${seen.version}, which was seen before`);
  if (machine.bad.includes(version))
    return refuse('marked_bad', `${version} did not work on this machine; the next version will be taken`);
  if (compareVersions(installed, manifest.minimum_version) < 0) {
    const first = `install ${manifest.minimum_version} or newer by hand first`;
    return refuse('too_old', `${version} cannot be installed over ${installed}: ${first}`);
  }
  const percent = Math.min(manifest.staged_percent, machine.fleetPercent ?? 100);
  if ((await stageOf(machine.machineId, version)) >= percent)
    return {
      ok: false,
      passed: 'not_yet_here',
      why: `${version} goes to ${percent} % of the machines first; this one comes later`,
    };
  return { ok: true, value: manifest };
}

/** 0 to below 100: where a machine stands in the row for a version. Another row for each version, so that not always the same are first. */
export async function stageOf(machineId: string, version: string): Promise<number> {
  const digest = new DataView(await crypto.subtle.digest('SHA-256', utf8.encode(`${machineId}\n${version}`)));
  return (digest.getUint32(0) / 2 ** 32) * 100;
}

/** What electron-builder's feed file says, as electron-updater reads it. */
export interface FeedFile {
  version: string;
  files: readonly { url: string; sha512: string; size?: number | undefined }[];
}

/** null where a feed file says the same as the manifest; else what it says otherwise. */
export function feedDisagreement(feed: FeedFile, manifest: UpdateManifest): string | null {
  if (feed.version !== manifest.version) return `it names version ${feed.version}, the manifest ${manifest.version}`;
  const known = new Map(manifest.packages.map((one) => [one.name, one]));
  for (const { url, sha512, size } of feed.files) {
    const signed = known.get(url);
    if (!signed) return `it names ${url.slice(0, 200)}, which the manifest does not`;
    if (signed.sha512 !== sha512) return `its hash of ${url} is another than the manifest's`;
    if (size !== undefined && size !== signed.size) return `its size of ${url} is another than the manifest's`;
  }
  return null;
}

/** The package of a manifest for a machine; null where there is none. */
export function packageFor(
  manifest: UpdateManifest,
  machine: { platform: string; arch: string; format: PackageFormat },
): UpdatePackage | null {
  const fits = manifest.packages.filter(
    ({ platform, format }) => platform === machine.platform && format === machine.format,
  );
  return fits.find(({ arch }) => arch === machine.arch) ?? fits.find(({ arch }) => arch === 'universal') ?? null;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Takes base64 and base64url. */
function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0));
}

const hex = (bytes: ArrayBuffer): string =>
  [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
