/** HTTP edge of events: /api/v1/events, and its live stream (see shared/protocol/events.ts). */
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { z } from 'zod';
import { id, isoTime, page, pageQuery } from '../../shared/protocol/rest/common.ts';
import { parseEventId } from '../../shared/protocol/events.ts';
import { afterNumber, pageBy } from '../http/paging.ts';
import { badField, Refusal } from '../http/refusal.ts';
import { json, route } from '../http/route.ts';
import { createRouter } from '../http/router.ts';
import type { Database } from '../storage/database.ts';
import { mostListeners, type EventFeed } from './feed.ts';
import { readEvents } from './read-events.ts';

const tags: [string] = ['Events'];

const time = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));
const eventQuery = pageQuery.extend({
  run_id: id.optional(),
  worker_id: id.optional(),
  task_id: id.optional(),
  /** Beginnings of types, one of which is enough: `run.` or `worker.,task.requeued`. */
  type: z
    .string()
    .min(1)
    .max(1000)
    .transform((text) => text.split(','))
    .optional(),
  /** What the event says holds this text, in upper or lower case: a name, a reason, a message. */
  search: z.string().min(1).max(200).optional(),
  order: z.enum(['oldest', 'newest']).default('oldest'),
  from: time.optional(),
  before: time.optional(),
});
const storedEvent = z.object({
  seq: z.int(),
  epoch: z.string(),
  at: z.string(),
  type: z.string(),
  run_id: z.string().nullable(),
  worker_id: z.string().nullable(),
  task_id: z.string().nullable(),
  data: z.record(z.string(), z.json()),
});

export function eventRoutes({ db, feed }: { db: Database; feed: EventFeed }) {
  return createRouter()
    .openapi(
      route({
        method: 'get',
        path: '/events',
        access: 'viewer',
        tags,
        summary: 'Read stored events, oldest first unless asked otherwise',
        description: '`worker_id` alone: what happened to the worker itself; with `run_id`: what it did there.',
        request: { query: eventQuery },
        responses: { 200: json(page(storedEvent), 'A page of events') },
      }),
      async (c) => {
        const { limit, cursor, order, ...given } = c.req.valid('query');
        const beyond = afterNumber(cursor);
        const filter = {
          teams: c.var.scope.reads,
          ...(given.run_id === undefined ? {} : { runId: given.run_id }),
          ...(given.worker_id === undefined ? {} : { workerId: given.worker_id }),
          ...(given.task_id === undefined ? {} : { taskId: given.task_id }),
          ...(given.type === undefined ? {} : { typePrefixes: given.type }),
          ...(given.search === undefined ? {} : { text: given.search }),
          ...(given.from === undefined ? {} : { from: given.from }),
          ...(given.before === undefined ? {} : { before: given.before }),
          ...(beyond === null ? {} : order === 'newest' ? { beforeSeq: beyond } : { afterSeq: beyond }),
          newestFirst: order === 'newest',
        };
        const rows = await db.read((r) => readEvents(r, filter, limit + 1));
        const body = pageBy(
          rows,
          limit,
          (event) => event.seq,
          ({ seq, epoch, at, type, runId, workerId, taskId, data }) => ({
            seq,
            epoch,
            at: isoTime(at),
            type,
            run_id: runId,
            worker_id: workerId,
            task_id: taskId,
            data: data as Record<string, never>,
          }),
        );
        return c.json(body, 200);
      },
    )
    .openapi(
      route({
        method: 'get',
        path: '/events/stream',
        access: 'viewer',
        tags,
        summary: 'Follow events as they happen (server-sent events)',
        description:
          'Resumes behind the header Last-Event-ID, or behind `after`; `after=0` begins with the first stored event.',
        request: { query: z.strictObject({ run_id: id.optional(), after: z.string().min(1).max(200).optional() }) },
        responses: {
          200: { content: { 'text/event-stream': { schema: z.string() } }, description: 'One message per event' },
        },
      }),
      async (c) => {
        const { run_id: runId, after: asked } = c.req.valid('query');
        if (feed.listeners >= mostListeners)
          throw new Refusal(
            503,
            'too_many_listeners',
            `${mostListeners} listeners follow events already. Close some, or try again in 30 s.`,
            {
              headers: { 'retry-after': '30' },
            },
          );
        const text = c.req.header('last-event-id') ?? asked;
        const after = text === undefined ? undefined : parseEventId(text);
        if (after === null)
          throw badField('after', 'is no event id: take the id of the last event that you have, or 0');
        const request = {
          teams: c.var.scope.reads,
          stillAllowed: c.var.stillKnown,
          ...(runId === undefined ? {} : { runId }),
          ...(after === undefined ? {} : { after }),
        };
        c.env.outgoing.setTimeout(0);
        await feed.serve(c.env.outgoing, request);
        return RESPONSE_ALREADY_SENT;
      },
    );
}
