import type { RunSource } from '../../../shared/protocol/work.ts';

export interface Origin {
  branch: string | null;
  commit: string | null;
  /** Whether files differed from the commit; null where nobody said. */
  changed: boolean | null;
}

/** Which state of the code a run is of, as its source and its launcher say. `metadata`: as stored, JSON text. */
export function originOf(metadata: string, source: RunSource | null): Origin {
  const { git } = JSON.parse(metadata) as { git?: unknown };
  const said = typeof git === 'object' && git !== null ? (git as Record<string, unknown>) : {};
  const text = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);
  const fromGit = source?.type === 'git' ? source : null;
  const ref = fromGit && fromGit.ref !== 'HEAD' && !/^[0-9a-f]{7,64}$/.test(fromGit.ref) ? fromGit.ref : null;
  return {
    branch: text(said.branch) ?? ref,
    commit: text(said.commit) ?? fromGit?.commit ?? null,
    changed: typeof said.changed === 'boolean' ? said.changed : null,
  };
}
