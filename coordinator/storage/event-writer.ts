/** Writes the events of a whole group of commands with one statement: one by one they cost more than the changes that they tell of. */
import type { Connection } from './connection.ts';
import type { StoredEvent } from './database.ts';

/** An event of a command that is not stored yet; `data` is JSON text. */
export interface UnstoredEvent {
  type: string;
  runId: string | null;
  workerId: string | null;
  taskId: string | null;
  data: string;
}

const insert = `
  INSERT INTO events (epoch, at, type, run_id, worker_id, task_id, data)
  SELECT ?, ?, value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4 FROM json_each(?) ORDER BY key`;

/** Inside the transaction that the events belong to. Returns them as readers of the table will see them, in the given order. */
export function writeEvents(
  connection: Connection,
  events: readonly UnstoredEvent[],
  stamp: { epoch: string; at: number },
): StoredEvent[] {
  if (events.length === 0) return [];
  const rows = events.map((event) => [event.type, event.runId, event.workerId, event.taskId, event.data]);
  const { lastInsertRowid } = connection.run(insert, [stamp.epoch, stamp.at, JSON.stringify(rows)]);
  // AUTOINCREMENT gives the rows of one statement consecutive numbers.
  const first = lastInsertRowid - events.length + 1;
  return events.map((event, i) => ({
    ...event,
    ...stamp,
    seq: first + i,
    data: JSON.parse(event.data) as Record<string, unknown>,
  }));
}
