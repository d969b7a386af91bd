/** Looks into the log of stored events: filtered pages, figures, and clean-up. */
import { sql, type SqlBool } from 'kysely';
import type { Teams } from '../http/scope.ts';
import { seenBy } from './visible.ts';
import type { ReadHandle, StoredEvent, WriteHandle } from '../storage/database.ts';

export interface EventFilter {
  runId?: string;
  /** Alone: what happened to the worker itself; with a run or a task: what it did there. */
  workerId?: string;
  taskId?: string;
  /** Beginnings of the type, one of which is enough: `run.` for everything about runs. */
  typePrefixes?: readonly string[];
  /** In its data, in upper or lower case. */
  text?: string;
  /** Only events with a greater `seq`. */
  afterSeq?: number;
  /** Only events with a smaller `seq`. */
  beforeSeq?: number;
  newestFirst?: boolean;
  /** Milliseconds since the epoch, inclusive. */
  from?: number;
  /** Milliseconds since the epoch, exclusive. */
  before?: number;
  /** Only what these see; default: all. */
  teams?: Teams;
}

/** At most `limit` events that match, oldest first unless asked otherwise; go on with the last one's `seq` as `afterSeq` or `beforeSeq`. */
export async function readEvents(r: ReadHandle, filter: EventFilter, limit: number): Promise<StoredEvent[]> {
  const { runId, workerId, taskId, typePrefixes, text, afterSeq, beforeSeq, from, before, teams = null } = filter;
  let query = r.query.selectFrom('events').selectAll();
  if (runId !== undefined) query = query.where('run_id', '=', runId);
  if (workerId !== undefined) query = query.where('worker_id', '=', workerId);
  // The index of workers' events leaves out those of tasks: it would be the dearest part of each of them.
  if (workerId !== undefined && runId === undefined && taskId === undefined) query = query.where('task_id', 'is', null);
  if (taskId !== undefined) query = query.where('task_id', '=', taskId);
  if (typePrefixes !== undefined) {
    const list = JSON.stringify(typePrefixes);
    query = query.where(
      sql<SqlBool>`EXISTS (SELECT 1 FROM json_each(${list}) p WHERE substr(events.type, 1, length(p.value)) = p.value)`,
    );
  }
  if (text !== undefined) query = query.where(sql<SqlBool>`instr(lower(data), ${text.toLowerCase()}) > 0`);
  if (afterSeq !== undefined) query = query.where('seq', '>', afterSeq);
  if (beforeSeq !== undefined) query = query.where('seq', '<', beforeSeq);
  if (from !== undefined) query = query.where('at', '>=', from);
  if (before !== undefined) query = query.where('at', '<', before);
  if (teams !== null) query = query.where(seenBy(teams));
  const direction = filter.newestFirst === true ? 'desc' : 'asc';
  const rows = await query.orderBy('seq', direction).limit(limit).execute();
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
