/**
 * Updates: what a publisher signs, how it lies in a feed beside electron-builder's `latest*.yml`, and what an updater says of itself.
 *
 * A feed is a folder of files, served by any web server or by a coordinator: `playfleet-<channel>.json` (the envelope), the feed files
 * that electron-builder wrote, and the packages. The envelope holds the manifest as text, so that the signature is over exact bytes.
 */
import { z } from 'zod';
import { isVersion } from '../base/version.ts';

/** Raised when a manifest can no longer be read as before. An updater that does not know it says so, and takes nothing. */
export const UPDATE_SCHEMA = 1;

export const version = z.string().max(100).refine(isVersion, 'must be a version, as 1.4.0 or 1.5.0-beta.1');
export const updateChannel = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,29}$/, 'lower-case letters, digits and - only, at most 30, beginning with a letter');
/** A plain name: it becomes part of an address and of a path. */
export const updateFileName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._+-]{0,199}$/, 'letters, digits and . _ + - only, beginning with a letter or digit');

/** In base64, as electron-builder writes it. */
const sha512 = z.string().regex(/^[A-Za-z0-9+/]{86}==$/, 'must be a SHA-512 in base64');
const time = z.iso.datetime();
const publishedFile = z.object({
  name: updateFileName,
  /** Bytes. */
  size: z
    .int()
    .min(1)
    .max(4 * 1024 ** 3),
  sha512,
});

/** dmg is for people; an update of macOS is a zip. */
export const packageFormat = z.enum(['AppImage', 'deb', 'exe', 'zip', 'dmg', 'tar.gz']);
export type PackageFormat = z.infer<typeof packageFormat>;

export const updatePackage = publishedFile.extend({
  platform: z.enum(['linux', 'darwin', 'win32']),
  /** As Node names it; universal: for all of its platform. */
  arch: z.enum(['x64', 'arm64', 'universal']),
  format: packageFormat,
});
export type UpdatePackage = z.infer<typeof updatePackage>;

/** What is signed. Names that it does not know are passed over: what must not be passed over raises the schema. */
export const updateManifest = z.object({
  schema: z.literal(UPDATE_SCHEMA),
  product: z.literal('playfleet'),
  version,
  channel: updateChannel,
  /** When this version came out. */
  released_at: time,
  /** When this text was signed: one that was signed before another that was seen is an old one, played back. */
  signed_at: time,
  /** Nothing is taken from it later: who keeps machines from newer versions must not be able to do so for ever. */
  expires_at: time,
  /** So many of a hundred machines get it; the same ones when it grows. */
  staged_percent: z.number().min(0).max(100),
  /** The oldest version that it can be installed over. */
  minimum_version: version,
  /** electron-builder's own, each with the hash of its bytes. */
  feeds: z.array(publishedFile).max(20),
  packages: z.array(updatePackage).min(1).max(100),
});
export type UpdateManifest = z.infer<typeof updateManifest>;

export const updateSignature = z.object({
  /** Id of the public key (update-trust.ts). */
  key: z.string().max(100),
  /** Ed25519, in base64. */
  signature: z.string().regex(/^[A-Za-z0-9+/]{86}==$/, 'must be an Ed25519 signature in base64'),
});

export const updateEnvelope = z.object({
  /** The manifest, as the text that was signed. */
  manifest: z.string().max(512 * 1024),
  signatures: z.array(updateSignature).min(1).max(8),
});
export type UpdateEnvelope = z.infer<typeof updateEnvelope>;

/** The publishers that a build believes: the current key, and the next one (docs/updates.md). */
export const updateKeys = z.strictObject({
  keys: z
    .array(z.string().regex(/^[A-Za-z0-9_-]{43}$/, 'must be an Ed25519 public key: 32 bytes in base64url'))
    .max(10),
});

export const MAX_ENVELOPE_BYTES = 1024 * 1024;
export const envelopeName = (channel: string): string => `playfleet-${channel}.json`;
/** A coordinator may give a version to fewer of its machines than the publisher did: a number, told beside the envelope. */
export const STAGED_HEADER = 'x-playfleet-staged-percent';

/** What an updater says of itself, for tray, page and log. */
export interface UpdateStatus {
  /**
   * unsupported: nothing can be installed here, `problem` says why and what to do; waiting: loaded and checked, installed when it disturbs
   * nobody (`waitingFor` says for what); refused: what the feed offered did not pass the checks.
   */
  state:
    | 'unsupported'
    | 'idle'
    | 'checking'
    | 'none'
    | 'available'
    | 'downloading'
    | 'waiting'
    | 'installing'
    | 'refused'
    | 'failed';
  /** That is offered; null: none. */
  version: string | null;
  /** Of the download. */
  percent: number | null;
  waitingFor: string | null;
  problem: string | null;
  /** Milliseconds since the epoch. */
  checkedAt: number | null;
}
