/** Duration and success of runs over time. */
import type { Performance, Trends } from '../../shared/protocol/rest/analytics.ts';
import { calendar, type CalendarUnit } from '../../shared/base/time-zone.ts';
import { isoTime } from '../../shared/protocol/rest/common.ts';
import { badField } from '../http/refusal.ts';
import { teamParams, type Teams } from '../http/scope.ts';
import type { Database } from '../storage/database.ts';
import { inParts } from '../storage/in-parts.ts';
import { DAY_MS, periodOf, type Range } from './rules/range.ts';
import { RunCounter, SpanCounter, spanOf, type EndedRun } from './rules/run-counts.ts';

/** Whose runs: of all projects that are seen, or of one of them. */
export interface Whose {
  teams: Teams;
  projectId: string | null;
}

const MOST_BUCKETS = 1_000;

/** Everything comes from one index, so that no row of a run is read. */
async function eachEndedRun(db: Database, { teams, projectId }: Whose, range: Range, use: (run: EndedRun) => void) {
  await inParts<EndedRun & { id: number }>(
    db,
    (r, after, limit) =>
      r.all(
        `SELECT rowid AS id, completed_at, started_at, state, outcome, expected, unexpected, flaky, skipped FROM runs INDEXED BY runs_ended
         WHERE completed_at IS NOT NULL AND completed_at >= ? AND completed_at < ? AND (completed_at, rowid) > (?, ?)
           AND (? IS NULL OR project_id = ?)
           AND (? IS NULL OR project_id IN (SELECT id FROM projects WHERE team_id IN (SELECT value FROM json_each(?))))
         ORDER BY completed_at, rowid LIMIT ?`,
        [
          after?.completed_at ?? range.from,
          range.to,
          after?.completed_at ?? range.from,
          after?.id ?? -1,
          projectId,
          projectId,
          ...teamParams(teams),
          limit,
        ],
      ),
    use,
  );
}

/** Throws a Refusal where it would be too many buckets. */
export async function readTrends(
  db: Database,
  whose: Whose,
  range: Range,
  { bucket, zone }: { bucket: CalendarUnit; zone: string },
): Promise<Trends> {
  const length = { hour: DAY_MS / 24, day: DAY_MS, week: 7 * DAY_MS }[bucket];
  if ((range.to - range.from) / length > MOST_BUCKETS) {
    throw badField(
      'bucket',
      `of an ${bucket} would give more than ${MOST_BUCKETS}: take a longer one, or a shorter time`,
    );
  }
  const spans = calendar(range.from, range.to, bucket, zone);
  const counters = spans.map(() => new RunCounter());
  const totals = new RunCounter();
  await eachEndedRun(db, whose, range, (run) => {
    counters[spanOf(spans, run.completed_at)]?.add(run);
    totals.add(run);
  });
  return {
    period: periodOf(range),
    bucket,
    time_zone: zone,
    buckets: spans.map(({ from, to }, i) => ({
      from: isoTime(from),
      to: isoTime(to),
      ...(counters[i] ?? new RunCounter()).counts,
    })),
    totals: totals.counts,
  };
}

/** The last day, week and month, each with the same time before it. */
export async function readPerformance(db: Database, whose: Whose, now: number): Promise<Performance> {
  const spans = [1, 7, 30].flatMap((days) => [
    { from: now - days * DAY_MS, to: now },
    { from: now - 2 * days * DAY_MS, to: now - days * DAY_MS },
  ]);
  const counter = new SpanCounter(spans);
  await eachEndedRun(db, whose, { from: now - 60 * DAY_MS, to: now }, (run) => counter.add(run));
  const all = counter.counts;
  const none = new RunCounter().counts;
  const compared = (at: number) => ({
    period: periodOf(spans[at] ?? { from: now, to: now }),
    now: all[at] ?? none,
    before: all[at + 1] ?? none,
  });
  return { last_24_hours: compared(0), last_7_days: compared(2), last_30_days: compared(4) };
}
