/** Which state of the code a run is of, as its source and its launcher say. Pure. */
import type { Run } from '../../../shared/protocol/rest/runs.ts';

export interface Origin {
  branch: string | null;
  commit: string | null;
  /** Files differed from the commit. */
  changed: boolean;
}

export function originOf({ source, metadata }: Pick<Run, 'source' | 'metadata'>): Origin {
  const git = metadata.git;
  const said = typeof git === 'object' && git !== null && !Array.isArray(git) ? git : {};
  const text = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);
  const fromGit = source?.type === 'git' ? source : null;
  // A ref that is a commit is no branch.
  const ref = fromGit && fromGit.ref !== 'HEAD' && !/^[0-9a-f]{7,64}$/.test(fromGit.ref) ? fromGit.ref : null;
  return {
    branch: text(said.branch) ?? ref,
    commit: text(said.commit) ?? fromGit?.commit ?? null,
    changed: said.changed === true,
  };
}
