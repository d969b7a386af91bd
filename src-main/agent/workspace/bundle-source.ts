/** The launcher's working tree: fetched by its id and laid out. */
import { MAX_TREE_BYTES, parseTree, type Tree } from '../../../shared/protocol/tree.ts';
import type { BlobClient } from '../../transfer/blob-client.ts';
import { WorkspaceError } from './errors.ts';

/** Far above what the launcher lets through; it keeps a small manifest that names one blob a thousand times from filling the disk. */
const MAX_LAID_OUT_BYTES = 8 * 1024 ** 3;

/** Reads and checks a tree; the checks are the coordinator's and the launcher's too, but the folder is ours. */
export async function fetchTree(client: BlobClient, id: string, signal: AbortSignal): Promise<Tree> {
  const parsed = parseTree(await client.read(id, MAX_TREE_BYTES, signal));
  if (parsed.problem !== undefined) throw refused(id, parsed.problem);
  const bytes = parsed.tree.files.reduce((sum, file) => sum + (file.mode === 'link' ? 0 : file.size), 0);
  if (bytes > MAX_LAID_OUT_BYTES) throw refused(id, `its files have ${bytes} bytes, more than ${MAX_LAID_OUT_BYTES}`);
  return parsed.tree;
}

function refused(id: string, problem: string): WorkspaceError {
  return new WorkspaceError('bad-source', `The bundle ${id} is refused: ${problem}.`, { permanent: true });
}
