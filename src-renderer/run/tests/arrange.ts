/** Puts the tests of a run into the order in which they are shown: in groups with a head each, or one after the other. Pure. */
import { standingOfTest, type Standing, type TestRow } from './row.ts';

/** cluster: failures by their error, then the rest by how it stands. */
export const GROUPINGS = ['cluster', 'file', 'project', 'none'] as const;
export type Grouping = (typeof GROUPINGS)[number];
export const SORTS = ['status', 'suite', 'duration', 'name'] as const;
export type Sort = (typeof SORTS)[number];

export interface GroupHead {
  type: 'head';
  /** Names the group while the page is open. */
  key: string;
  /** An error: the title of its cluster. standing: one of those. file, project: its name. */
  kind: 'error' | 'standing' | 'file' | 'project';
  title: string;
  rows: readonly TestRow[];
  counts: Readonly<Record<Standing, number>>;
  open: boolean;
}
export interface TestLine {
  type: 'test';
  row: TestRow;
}
export type Line = GroupHead | TestLine;

/** Failures first; what runs is more telling than what waits. */
const RANK: Record<Standing, number> = { unexpected: 0, flaky: 1, running: 2, open: 3, expected: 4, skipped: 5 };
const rankOf = (row: TestRow): number => RANK[standingOfTest(row)];

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
/** The API lists failures first, so the order of the suite is told by where tests stand in it. */
const bySuite = (a: TestRow, b: TestRow): number =>
  byText(a.file, b.file) || a.line - b.line || byText(a.project, b.project) || a.no - b.no;

const COMPARE: Record<Sort, (a: TestRow, b: TestRow) => number> = {
  status: (a, b) => rankOf(a) - rankOf(b) || bySuite(a, b),
  suite: bySuite,
  duration: (a, b) => (b.durationMs ?? -1) - (a.durationMs ?? -1) || bySuite(a, b),
  name: (a, b) => byText(a.title, b.title) || bySuite(a, b),
};

interface Group {
  kind: GroupHead['kind'];
  key: string;
  title: string;
  rows: TestRow[];
}

/** `closed`: keys of groups of which only the head is shown. */
export function arrange(
  rows: readonly TestRow[],
  { group, sort, closed }: { group: Grouping; sort: Sort; closed: ReadonlySet<string> },
): Line[] {
  if (group === 'none') return rows.toSorted(COMPARE[sort]).map((row) => ({ type: 'test', row }));
  const groups = new Map<string, Group>();
  for (const row of rows) {
    const of = groupOf(row, group);
    const known = groups.get(of.key);
    if (known) known.rows.push(row);
    else groups.set(of.key, { ...of, rows: [row] });
  }
  return [...groups.values()]
    .map((one) => ({ ...one, first: leastRank(one.rows) }))
    .sort((a, b) => a.first - b.first || weight(b) - weight(a) || byText(a.title, b.title))
    .flatMap(({ first: _first, ...one }) => linesOf(one, sort, closed));
}

function groupOf(row: TestRow, group: Exclude<Grouping, 'none'>): Omit<Group, 'rows'> {
  if (group === 'file') return { kind: 'file', key: `file ${row.file}`, title: row.file };
  if (group === 'project') return { kind: 'project', key: `project ${row.project}`, title: row.project };
  const standing = standingOfTest(row);
  if (row.cluster !== null && row.clusterTitle !== null)
    return { kind: 'error', key: `${standing} ${row.cluster}`, title: row.clusterTitle };
  return { kind: 'standing', key: standing, title: standing };
}

/** Not Math.min(...): a group may hold more tests than a call takes arguments. */
const leastRank = (rows: readonly TestRow[]): number =>
  rows.reduce((least, row) => Math.min(least, rankOf(row)), Infinity);

/** Among clusters the largest comes first; files and projects go by name. */
const weight = ({ kind, rows }: Group): number => (kind === 'error' ? rows.length : 0);

function linesOf({ kind, key, title, rows }: Group, sort: Sort, closed: ReadonlySet<string>): Line[] {
  const open = !closed.has(key);
  const sorted = rows.sort(COMPARE[sort]);
  const head: GroupHead = { type: 'head', kind, key, title, rows: sorted, counts: countsOf(rows), open };
  return open ? [head, ...sorted.map((row) => ({ type: 'test' as const, row }))] : [head];
}

export function countsOf(rows: readonly TestRow[]): Record<Standing, number> {
  const counts = { unexpected: 0, flaky: 0, running: 0, open: 0, expected: 0, skipped: 0 };
  for (const row of rows) counts[standingOfTest(row)] += 1;
  return counts;
}
