/** Where earlier runs of a project had their files from. */
import { isoTime } from '../../shared/protocol/rest/common.ts';
import type { Sources } from '../../shared/protocol/rest/launch.ts';
import type { RunSource } from '../../shared/protocol/work.ts';
import { originOf, type Origin } from '../runs/rules/origin.ts';
import { storedSource } from '../runs/stored-source.ts';
import type { ReadHandle } from '../storage/database.ts';

const LOOKED_THROUGH = 500;
const MOST = 50;

interface Row {
  id: string;
  number: number;
  name: string;
  created_at: number;
  metadata: string;
  source: string | null;
  environment: string | null;
}
type Seen = { last: Sources['branches'][number]['last']; source: RunSource | null } & Origin;

/** Of its newest runs, the newest of each kind first. */
export async function readSources(r: ReadHandle, projectId: string): Promise<Sources> {
  const rows = await r.all<Row>(
    // Those that a promoted coordinator knows of its central one come behind its own.
    `SELECT * FROM (SELECT id, number, name, created_at, metadata, source, environment FROM runs WHERE project_id = ? ORDER BY number DESC LIMIT ?)
     UNION ALL SELECT * FROM (SELECT id, number, name, created_at, metadata, source, environment FROM known_sources
       WHERE project_id = ? ORDER BY created_at DESC)`,
    [projectId, LOOKED_THROUGH, projectId],
  );
  const seen = rows.map(({ id, number, name, created_at, metadata, source: text }): Seen => {
    const source = storedSource(text);
    const last = { run_id: id, number, name, at: isoTime(created_at) };
    return { last, source, ...originOf(metadata, source) };
  });
  return {
    branches: branchesOf(seen),
    bundles: await bundlesOf(r, seen),
    paths: newestOf(seen, ({ source }) => (source?.type === 'path' ? source.path : null)).flatMap(({ source, last }) =>
      source ? [{ source, last }] : [],
    ),
    environments: [...new Set(rows.flatMap(({ environment }) => environment ?? []))].slice(0, MOST),
  };
}

/** The newest with each key; those without one are left out. */
function newestOf(seen: readonly Seen[], keyOf: (one: Seen) => string | null): Seen[] {
  const newest = new Map<string, Seen>();
  for (const one of seen) {
    const key = keyOf(one);
    if (key !== null && !newest.has(key)) newest.set(key, one);
  }
  return [...newest.values()].slice(0, MOST);
}

function branchesOf(seen: readonly Seen[]): Sources['branches'] {
  const runs = Map.groupBy(seen, ({ branch }) => branch);
  return newestOf(seen, ({ branch }) => branch).flatMap(({ branch, commit, last }) => {
    const own = runs.get(branch) ?? [];
    const source = own.find((one) => one.source?.type === 'git')?.source;
    const git = source?.type === 'git' ? { url: source.url, projectDir: source.projectDir } : null;
    return branch === null ? [] : [{ branch, commit, git, runs: own.length, last }];
  });
}

async function bundlesOf(r: ReadHandle, seen: readonly Seen[]): Promise<Sources['bundles']> {
  const bundles: Sources['bundles'] = [];
  for (const { source, branch, commit, changed, last } of newestOf(seen, ({ source }) =>
    source?.type === 'bundle' ? `${source.tree} ${source.projectDir}` : null,
  )) {
    if (source?.type !== 'bundle') continue;
    const stored = (await r.get('SELECT 1 AS found FROM blobs WHERE sha256 = ?', [source.tree])) !== undefined;
    bundles.push({ source, branch, commit, changed, stored, last });
  }
  return bundles;
}
