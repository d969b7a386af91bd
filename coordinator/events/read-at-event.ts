/** Reads that say at which event they stand, so that who follows the events can go on from the answer without gap and without double. */
import type { Context } from 'hono';
import { eventId } from '../../shared/protocol/events.ts';
import type { AppEnv } from '../http/env.ts';
import type { Database, ReadHandle } from '../storage/database.ts';
import { newestSeq } from './missed-events.ts';

/** Id of the last stored event that the answer knows of: all up to it are in the answer, none behind it is. */
export const EVENT_ID_HEADER = 'playfleet-event-id';

export async function readAtEvent<T>(c: Context<AppEnv>, db: Database, fn: (r: ReadHandle) => Promise<T>): Promise<T> {
  const { value, seq } = await db.read(async (r) => ({ value: await fn(r), seq: await newestSeq(r) }));
  c.header(EVENT_ID_HEADER, eventId(db.epoch, seq));
  return value;
}
