/** Lays a tree out in an empty folder. Bytes come from checkouts that are here already, and from the coordinator where none has them. */
import { chmod, copyFile, mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Tree, TreeFile } from '../../../shared/protocol/tree.ts';
import type { BlobClient } from '../../transfer/blob-client.ts';
import { inRequests, travelsAlone } from '../../transfer/in-requests.ts';
import { mapLimit } from '../../transfer/map-limit.ts';
import { hashFile } from '../../transfer/sha256.ts';

export interface MaterialiseOptions {
  client: BlobClient;
  /** Where a copy of these bytes may lie on this machine; it may have changed since, so a copy of it is verified. */
  local: (sha256: string) => string | undefined;
  signal: AbortSignal;
}

type StoredFile = Exclude<TreeFile, { mode: 'link' }>;
/** All files of a tree with the same bytes. */
type SameBytes = { sha256: string; size: number; files: [StoredFile, ...StoredFile[]] };

const CONCURRENT_FILES = 16;
const CONCURRENT_REQUESTS = 6;
const BATCH_BYTES = 4 * 1024 * 1024;

export async function materialise(tree: Tree, dir: string, options: MaterialiseOptions): Promise<void> {
  for (const folder of foldersOf(tree)) await mkdir(path.join(dir, folder));
  const at = (file: TreeFile): string => path.join(dir, file.path);
  const blobs = byBytes(tree);

  const isHere = await mapLimit(blobs, CONCURRENT_FILES, async (blob) => {
    options.signal.throwIfAborted();
    const local = options.local(blob.sha256);
    return local !== undefined && (await copyVerified(local, at(blob.files[0]), blob));
  });
  const lacking = blobs.filter((_, index) => !isHere[index]);
  await mapLimit(inRequests(lacking, BATCH_BYTES), CONCURRENT_REQUESTS, async (request) => {
    const [blob] = request;
    if (travelsAlone(blob.size)) return options.client.download(blob, at(blob.files[0]), options.signal);
    const byHash = new Map(request.map((blob) => [blob.sha256, blob]));
    const accept = async ({ sha256, bytes }: { sha256: string; bytes: Uint8Array }): Promise<void> => {
      await writeFile(at(byHash.get(sha256)!.files[0]), bytes);
    };
    await options.client.readBatch(request, accept, options.signal);
  });

  await mapLimit(blobs, CONCURRENT_FILES, async ({ files: [first, ...twins] }) => {
    for (const twin of twins) await copyFile(at(first), at(twin));
    // Always, because a copy has taken over the rights of what it was copied from.
    for (const file of [first, ...twins]) await chmod(at(file), file.mode === 'exec' ? 0o755 : 0o644);
  });
  // Last, so that nothing is ever written through one of them.
  const folders = new Set(foldersOf(tree));
  for (const file of tree.files) {
    if (file.mode !== 'link') continue;
    const leadsTo = path.posix.join(path.posix.dirname(file.path), file.target);
    await symlink(file.target, at(file), folders.has(leadsTo) ? 'dir' : 'file');
  }
}

/** All folders, each after the one it lies in. */
function foldersOf(tree: Tree): string[] {
  const folders = new Set<string>();
  for (const file of tree.files) {
    for (let end = file.path.indexOf('/'); end >= 0; end = file.path.indexOf('/', end + 1))
      folders.add(file.path.slice(0, end));
  }
  return [...folders];
}

function byBytes(tree: Tree): SameBytes[] {
  const blobs = new Map<string, SameBytes>();
  for (const file of tree.files) {
    if (file.mode === 'link') continue;
    const known = blobs.get(file.sha256);
    if (known) known.files.push(file);
    else blobs.set(file.sha256, { sha256: file.sha256, size: file.size, files: [file] });
  }
  return [...blobs.values()];
}

/** Copies, then reads the copy: tests may be changing the original at this moment. False when it is not what it should be. */
async function copyVerified(from: string, to: string, blob: { sha256: string; size: number }): Promise<boolean> {
  try {
    await copyFile(from, to);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR') return false;
    throw error;
  }
  const copied = await hashFile(to);
  return copied.sha256 === blob.sha256 && copied.size === blob.size;
}
