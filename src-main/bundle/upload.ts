/** Uploads a packed tree: first the files that the coordinator lacks, then the tree that names them. */
import { createReadStream } from 'node:fs';
import type { BlobClient, BlobSource } from '../transfer/blob-client.ts';
import { hashFile } from '../transfer/sha256.ts';
import { uploadBlobs, type UploadOptions } from '../transfer/upload-blobs.ts';
import { BundleError, listed } from './errors.ts';
import { treeOf, type PackedFile, type PackedTree } from './pack.ts';

export interface UploadedTree {
  /** The tree as stored: another than was packed when files changed in between. */
  tree: PackedTree;
  /** What had to travel. */
  blobs: number;
  bytes: number;
}

const ROUNDS = 4;

/**
 * Uploads by hash only what is missing. Files that change meanwhile are hashed again, so what arrives is what was read; files that never
 * keep still are refused by name. The tree goes last: where it is stored, its files are.
 */
export async function uploadTree(
  packed: PackedTree,
  client: BlobClient,
  options: UploadOptions = {},
): Promise<UploadedTree> {
  let tree = packed;
  let blobs = 0;
  let bytes = 0;
  for (let round = 1; ; round++) {
    const sent = await uploadBlobs(client, tree.files.flatMap(sourceOf), options);
    blobs += sent.blobs;
    bytes += sent.bytes;
    if (sent.changed.length === 0) break;
    const changed = new Set(sent.changed);
    if (round === ROUNDS) throw stillChanging(tree.files.filter((file) => isOneOf(file, changed)));
    tree = await hashedAgain(tree, changed);
  }
  const manifest = Buffer.from(tree.manifest);
  const sent = await uploadBlobs(client, [{ sha256: tree.id, size: manifest.length, open: () => once(manifest) }]);
  return { tree, blobs: blobs + sent.blobs, bytes: bytes + sent.bytes };
}

function sourceOf({ entry, source }: PackedFile): BlobSource[] {
  if (entry.mode === 'link') return [];
  // At most one byte more than was hashed: a log that grows for ever is seen to have changed, and not read to its end.
  const open = (): AsyncIterable<Uint8Array> => fileOrNothing(source, entry.size);
  return [{ sha256: entry.sha256, size: entry.size, open }];
}

/** A file that has gone reads as empty, which is a change like any other. */
async function* fileOrNothing(source: string, lastByte: number): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream(source, { end: lastByte, highWaterMark: 256 * 1024 }) as AsyncIterable<Buffer>;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function isOneOf(file: PackedFile, hashes: ReadonlySet<string>): boolean {
  return file.entry.mode !== 'link' && hashes.has(file.entry.sha256);
}

async function hashedAgain(tree: PackedTree, changed: ReadonlySet<string>): Promise<PackedTree> {
  const files: PackedFile[] = [];
  for (const file of tree.files) {
    if (file.entry.mode === 'link' || !changed.has(file.entry.sha256)) files.push(file);
    else {
      try {
        files.push({ ...file, entry: { ...file.entry, ...(await hashFile(file.source)) } });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      }
    }
  }
  return { ...tree, ...treeOf(files) };
}

function stillChanging(files: readonly PackedFile[]): BundleError {
  return new BundleError(
    `These files keep changing while they are uploaded:\n${listed(files.map((file) => file.entry.path))}\nStop the program that writes them, or exclude them with lines in .playfleetignore (same syntax as .gitignore).`,
  );
}
