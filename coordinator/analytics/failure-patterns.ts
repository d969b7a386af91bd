/** Which errors came again and again, over runs. */
import type { FailurePatterns } from '../../shared/protocol/rest/analytics.ts';
import { isoTime } from '../../shared/protocol/rest/common.ts';
import { teamParams } from '../http/scope.ts';
import type { Database, ReadHandle } from '../storage/database.ts';
import { inParts, oneByOne } from '../storage/in-parts.ts';
import { DAY_MS, daysOf, periodOf, wholeDays, type Range } from './rules/range.ts';
import type { Whose } from './run-metrics.ts';

interface FailureDay {
  project_id: string;
  day: number;
  cluster: string;
  unexpected: number;
  flaky: number;
  runs: number;
  first_at: number;
  last_at: number;
  last_run_id: string;
}

interface Pattern extends Omit<FailureDay, 'project_id' | 'day'> {
  projects: Set<string>;
  days: Map<number, number>;
}

/** The most failures first. */
export async function readFailurePatterns(
  db: Database,
  whose: Whose,
  range: Range,
  limit: number,
): Promise<FailurePatterns> {
  const { first, last } = daysOf(range);
  const projects = new Map((await db.read((r) => projectsOf(r, whose))).map(({ id, name }) => [id, name]));
  const patterns = new Map<string, Pattern>();
  for (const projectId of projects.keys()) {
    await inParts<FailureDay>(
      db,
      (r, after, most) =>
        r.all(
          `SELECT * FROM failure_days WHERE project_id = ? AND (day, cluster) > (?, ?) AND day <= ? ORDER BY day, cluster LIMIT ?`,
          [projectId, after?.day ?? first, after?.cluster ?? '', last, most],
        ),
      (row) => add(patterns, row),
    );
  }
  const sorted = [...patterns.values()].sort(
    (a, b) => b.unexpected - a.unexpected || b.flaky - a.flaky || b.last_at - a.last_at,
  );
  const items = await oneByOne(sorted.slice(0, limit), (pattern) => db.read((r) => describe(r, pattern, projects)));
  return { period: periodOf(wholeDays(range)), items };
}

function projectsOf(r: ReadHandle, { teams, projectId }: Whose): Promise<{ id: string; name: string }[]> {
  return r.all(
    `SELECT id, name FROM projects WHERE (? IS NULL OR id = ?)
       AND (? IS NULL OR team_id IN (SELECT value FROM json_each(?)))`,
    [projectId, projectId, ...teamParams(teams)],
  );
}

function add(patterns: Map<string, Pattern>, row: FailureDay): void {
  const before = patterns.get(row.cluster);
  const newer = !before || row.last_at >= before.last_at ? row : before;
  patterns.set(row.cluster, {
    cluster: row.cluster,
    unexpected: (before?.unexpected ?? 0) + row.unexpected,
    flaky: (before?.flaky ?? 0) + row.flaky,
    runs: (before?.runs ?? 0) + row.runs,
    first_at: Math.min(before?.first_at ?? Infinity, row.first_at),
    last_at: newer.last_at,
    last_run_id: newer.last_run_id,
    projects: (before?.projects ?? new Set()).add(row.project_id),
    days: addDay(before?.days ?? new Map<number, number>(), row),
  });
}

function addDay(days: Map<number, number>, { day, unexpected, flaky }: FailureDay): Map<number, number> {
  return days.set(day, (days.get(day) ?? 0) + unexpected + flaky);
}

async function describe(r: ReadHandle, pattern: Pattern, names: ReadonlyMap<string, string>) {
  const title = await r.get<{ title: string }>('SELECT title FROM clusters WHERE id = ?', [pattern.cluster]);
  const run = await r.get<{ number: number }>('SELECT number FROM runs WHERE id = ?', [pattern.last_run_id]);
  const { cluster, unexpected, flaky, runs } = pattern;
  return {
    cluster,
    title: title?.title ?? cluster,
    unexpected,
    flaky,
    runs,
    first_at: isoTime(pattern.first_at),
    last_at: isoTime(pattern.last_at),
    last_run: run ? { run_id: pattern.last_run_id, number: run.number } : null,
    projects: [...pattern.projects].map((id) => names.get(id) ?? id).sort(),
    days: [...pattern.days]
      .sort(([a], [b]) => a - b)
      .map(([day, failures]) => ({ day: isoTime(day * DAY_MS).slice(0, 10), failures })),
  };
}
