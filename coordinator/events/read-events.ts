/** Looks into the log of stored events: filtered pages, figures, and clean-up. */
import { sql } from 'kysely';
import type { Teams } from '../http/scope.ts';
import { seenBy } from './visible.ts';
import type { ReadHandle, StoredEvent, WriteHandle } from '../storage/database.ts';

export interface EventFilter {
  runId?: string;
  /** Alone: what happened to the worker itself; with a run or a task: what it did there. */
  workerId?: string;
  taskId?: string;
  /** Beginning of the type: `run.` for everything about runs. */
  typePrefix?: string;
  /** Only events with a greater `seq`. */
  afterSeq?: number;
  /** Milliseconds since the epoch, inclusive. */
  from?: number;
  /** Milliseconds since the epoch, exclusive. */
  before?: number;
  /** Only what these see; default: all. */
  teams?: Teams;
}

/** At most `limit` events that match, oldest first; go on with the last one's `seq` as `afterSeq`. */
export async function readEvents(r: ReadHandle, filter: EventFilter, limit: number): Promise<StoredEvent[]> {
  const { runId, workerId, taskId, typePrefix, afterSeq, from, before, teams = null } = filter;
  let query = r.query.selectFrom('events').selectAll();
  if (runId !== undefined) query = query.where('run_id', '=', runId);
  if (workerId !== undefined) query = query.where('worker_id', '=', workerId);
  // The index of workers' events leaves out those of tasks: it would be the dearest part of each of them.
  if (workerId !== undefined && runId === undefined && taskId === undefined) query = query.where('task_id', 'is', null);
  if (taskId !== undefined) query = query.where('task_id', '=', taskId);
  if (typePrefix !== undefined) query = query.where(sql`substr(type, 1, length(${typePrefix}))`, '=', typePrefix);
  if (afterSeq !== undefined) query = query.where('seq', '>', afterSeq);
  if (from !== undefined) query = query.where('at', '>=', from);
  if (before !== undefined) query = query.where('at', '<', before);
  if (teams !== null) query = query.where(seenBy(teams));
  const rows = await query.orderBy('seq').limit(limit).execute();
  return rows.map(({ seq, epoch, at, type, run_id, worker_id, task_id, data }) => ({
    seq,
    epoch,
    at,
    type,
    runId: run_id,
    workerId: worker_id,
    taskId: task_id,
    data: JSON.parse(data) as Record<string, unknown>,
  }));
}

export interface EventStatistics {
  total: number;
  /** Times of the first and the last event still stored, in milliseconds since the epoch; null without events. */
  oldestAt: number | null;
  newestAt: number | null;
  /** Most frequent first. */
  types: { type: string; count: number }[];
}

/** Counts the stored events. Reads the whole log: for a page that somebody opens, not for a loop. */
export async function eventStatistics(r: ReadHandle): Promise<EventStatistics> {
  const types = await r.all<{ type: string; count: number; oldest: number; newest: number }>(
    'SELECT type, count(*) AS count, min(at) AS oldest, max(at) AS newest FROM events GROUP BY type ORDER BY count(*) DESC, type',
  );
  return {
    total: types.reduce((sum, { count }) => sum + count, 0),
    oldestAt: types.length === 0 ? null : Math.min(...types.map(({ oldest }) => oldest)),
    newestAt: types.length === 0 ? null : Math.max(...types.map(({ newest }) => newest)),
    types: types.map(({ type, count }) => ({ type, count })),
  };
}

/**
 * Deletes the oldest events from before a time (milliseconds since the epoch), at most `limit` of them, and returns how many those were.
 * Call it again, as a command of its own, until it returns less than `limit`: one large deletion would hold up everybody else.
 */
export async function deleteEventsBefore(w: WriteHandle, before: number, limit: number): Promise<number> {
  const { changes } = await w.run(
    // Times follow seq, so the first event that stays ends the search.
    `DELETE FROM events WHERE seq IN (
       SELECT seq FROM events WHERE seq < coalesce((SELECT seq FROM events WHERE at >= ? ORDER BY seq LIMIT 1), 9e15) ORDER BY seq LIMIT ?)`,
    [before, limit],
  );
  return changes;
}
