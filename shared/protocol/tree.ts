/**
 * A tree: what a folder holds, by content. Its canonical bytes are stored as a blob, and the SHA-256 of those bytes is the tree's id, so
 * equal folders have equal ids on every machine. Bundles (the launcher's working tree) and report folders are trees.
 */
import { z } from 'zod';
import { foldPath, linkProblem, pathProblem } from '../base/tree-path.ts';
import { sha256 } from './work.ts';

export const TREE_VERSION = 1;
export const MAX_TREE_FILES = 200_000;
/** Largest canonical form, in bytes. */
export const MAX_TREE_BYTES = 64 * 1024 * 1024;

/** `size` in bytes. A link carries its target in the manifest and has no blob. */
export const treeFile = z.discriminatedUnion('mode', [
  z.strictObject({ path: z.string(), mode: z.enum(['file', 'exec']), sha256, size: z.int().min(0) }),
  z.strictObject({ path: z.string(), mode: z.literal('link'), target: z.string() }),
]);
export type TreeFile = z.infer<typeof treeFile>;

export const tree = z.strictObject({
  version: z.literal(TREE_VERSION),
  files: z.array(treeFile).max(MAX_TREE_FILES),
});
export type Tree = z.infer<typeof tree>;

/** The one text form of a tree: no spaces, keys in a fixed order, files sorted by the UTF-16 code units of their paths. */
export function canonicalTree(files: readonly TreeFile[]): string {
  const sorted = files.toSorted((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  return JSON.stringify({ version: TREE_VERSION, files: sorted.map(inKeyOrder) });
}

function inKeyOrder(file: TreeFile): TreeFile {
  return file.mode === 'link'
    ? { path: file.path, mode: file.mode, target: file.target }
    : { path: file.path, mode: file.mode, sha256: file.sha256, size: file.size };
}

export interface TreeProblem {
  path: string;
  /** The end of a sentence that begins with the path. */
  problem: string;
}

/**
 * What keeps `files` from being laid out safely and alike on every machine; empty when nothing does. Two paths that differ only in case
 * are refused rather than warned of: on Windows and macOS the second would silently replace the first, or write through a link.
 */
export function treeProblems(files: readonly TreeFile[]): TreeProblem[] {
  const problems: TreeProblem[] = [];
  const byFolded = new Map<string, TreeFile>();
  for (const file of files) {
    const problem = pathProblem(file.path) ?? (file.mode === 'link' ? linkProblem(file.path, file.target) : null);
    if (problem !== null) problems.push({ path: file.path, problem });
    const folded = foldPath(file.path);
    const twin = byFolded.get(folded);
    if (twin === undefined) byFolded.set(folded, file);
    else problems.push({ path: file.path, problem: twinProblem(twin.path, file.path) });
  }
  for (const file of files) {
    const folded = foldPath(file.path);
    for (let end = folded.indexOf('/'); end >= 0; end = folded.indexOf('/', end + 1)) {
      const above = byFolded.get(folded.slice(0, end));
      if (above === undefined) continue;
      const what = above.mode === 'link' ? 'a symbolic link' : 'a file';
      problems.push({ path: file.path, problem: `lies under '${above.path}', which is ${what}` });
    }
  }
  return problems;
}

function twinProblem(first: string, second: string): string {
  if (first === second) return 'is listed twice';
  return `differs from '${first}' only in upper and lower case, which Windows and macOS do not tell apart`;
}

export type ParsedTree = { tree: Tree; problem?: never } | { tree?: never; problem: string };

/** Reads a tree from its stored bytes; anything but the canonical form of a safe tree is refused with the reason. */
export function parseTree(bytes: Uint8Array): ParsedTree {
  if (bytes.length > MAX_TREE_BYTES) return { problem: `a tree may have at most ${MAX_TREE_BYTES} bytes` };
  let text: string;
  let json: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    json = JSON.parse(text);
  } catch {
    return { problem: 'not a tree: not JSON in UTF-8' };
  }
  const version = (json as { version?: unknown } | null)?.version;
  if (typeof version === 'number' && version !== TREE_VERSION) {
    return { problem: `tree version ${version} is not known here (only ${TREE_VERSION}); update this program` };
  }
  const parsed = tree.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    return { problem: `not a tree: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}` };
  }
  const first = treeProblems(parsed.data.files)[0];
  if (first !== undefined) return { problem: `unsafe tree: ${JSON.stringify(first.path)} ${first.problem}` };
  if (canonicalTree(parsed.data.files) !== text) return { problem: 'not a tree: not in canonical form' };
  return { tree: parsed.data };
}
