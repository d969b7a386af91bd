/** Where the source of a test can be read: the page of its line at the host of the repository, at the commit that ran. */
import type { Run } from '../../shared/protocol/rest/runs.ts';

export interface SourceLink {
  url: string;
  host: string;
  /** Of the file in the repository. */
  path: string;
  /** The working tree had changes that the commit lacks: the line may be another one. */
  changed: boolean;
}

interface GitMetadata {
  commit?: string;
  changed?: boolean;
  /** Address of `origin`. */
  remote?: string | null;
  /** Folder of the suite in the repository. */
  prefix?: string;
}

/** null where the repository, the commit or the place of the file in it is not known. */
export function sourceLink(
  run: Pick<Run, 'source' | 'metadata' | 'tests_dir'>,
  { file, line, stacks }: { file: string; line: number; stacks: readonly string[] },
): SourceLink | null {
  const git = (run.metadata.git ?? {}) as GitMetadata;
  const { source } = run;
  const isGit = source?.type === 'git';
  const remote = isGit ? source.url : git.remote;
  const commit = isGit ? source.commit : git.commit;
  const inTree = run.tests_dir === null ? placeInTree(file, stacks) : placeBelow(source, run.tests_dir, file);
  if (typeof remote !== 'string' || typeof commit !== 'string' || inTree === null) return null;
  const path = isGit ? inTree : joined(treePrefix(git.prefix ?? '', source), inTree);
  const page = webPage(remote);
  if (page === null) return null;
  return { ...page.at(commit, path, line), path, changed: !isGit && git.changed === true };
}

/** Path of a file in the source tree, from where its suite was discovered; null where it lies outside of it. */
function placeBelow(source: Run['source'], testsDir: string, file: string): string | null {
  const suite = source === null || source.type === 'path' ? '' : source.projectDir;
  const parts: string[] = [];
  for (const part of `${suite}/${testsDir}/${file}`.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) return null;
  }
  return parts.join('/');
}

/**
 * Path of the test's file in the source tree, where nothing else tells it: reports name it below the suite's folder of tests, whose own place only the frames of a stack
 * tell. Workers lay a tree out in a folder of their checkouts.
 */
export function placeInTree(file: string, stacks: readonly string[]): string | null {
  for (const stack of stacks) {
    for (const frame of stack.replaceAll('\\', '/').split('\n')) {
      const [, place] = /\/workspace\/checkouts\/[^/]+\/(.+?):\d+:\d+\)?\s*$/.exec(frame) ?? [];
      if (place === file || place?.endsWith(`/${file}`)) return place;
    }
  }
  return null;
}

/** Folder of the tree in the repository: what is before the suite's folder in the tree. */
function treePrefix(prefix: string, source: Run['source']): string {
  const below = source?.type === 'bundle' ? source.projectDir : '';
  if (below === '') return prefix;
  return prefix === below ? '' : prefix.endsWith(`/${below}`) ? prefix.slice(0, -below.length - 1) : prefix;
}

const joined = (...parts: string[]): string => parts.filter((part) => part !== '').join('/');

interface WebPage {
  at: (commit: string, path: string, line: number) => { url: string; host: string };
}

/** The pages of a repository, from its address in any of git's forms; null where it is no web address. */
function webPage(remote: string): WebPage | null {
  const [, host, name] =
    /^(?:https?:\/\/|ssh:\/\/)(?:[^/@]*@)?([^/:]+)(?::\d+)?\/(.+?)(?:\.git)?\/?$/.exec(remote) ??
    /^[^@/]+@([^:/]+):(.+?)(?:\.git)?\/?$/.exec(remote) ??
    [];
  if (host === undefined || name === undefined) return null;
  const base = `https://${host}/${name}`;
  const encoded = (path: string) => path.split('/').map(encodeURIComponent).join('/');
  if (/gitlab/.test(host))
    return { at: (commit, path, line) => ({ url: `${base}/-/blob/${commit}/${encoded(path)}#L${line}`, host }) };
  if (/bitbucket/.test(host))
    return { at: (commit, path, line) => ({ url: `${base}/src/${commit}/${encoded(path)}#lines-${line}`, host }) };
  if (/codeberg|gitea|forgejo/.test(host))
    return { at: (commit, path, line) => ({ url: `${base}/src/commit/${commit}/${encoded(path)}#L${line}`, host }) };
  // GitHub, and what is unknown: most of the others have taken over this form.
  return { at: (commit, path, line) => ({ url: `${base}/blob/${commit}/${encoded(path)}#L${line}`, host }) };
}

/** Opens the file in an editor on this machine. `folder`: where who looks has the suite's folder of tests. */
export function editorLink(folder: string, file: string, line: number): string {
  const path = `${folder.replaceAll('\\', '/').replace(/\/+$/, '')}/${file}`;
  return `vscode://file/${path.replace(/^\/+/, '').split('/').map(encodeURIComponent).join('/')}:${line}`;
}
