/** HTTP edge of the audit log: /api/v1/audit. */
import { CHAIN_START } from '../../shared/model/audit-chain.ts';
import { auditEntry, auditFilter, auditHead } from '../../shared/protocol/rest/audit.ts';
import { page } from '../../shared/protocol/rest/common.ts';
import { notFound } from '../http/refusal.ts';
import { afterNumber, pageBy } from '../http/paging.ts';
import { json, route } from '../http/route.ts';
import { createRouter } from '../http/router.ts';
import type { Database } from '../storage/database.ts';
import { listAudit, readHead, slotOfOrigin } from './queries.ts';

const tags: [string] = ['Audit'];

export function auditRoutes({ db }: { db: Database }) {
  return createRouter()
    .openapi(
      route({
        method: 'get',
        path: '/audit',
        access: 'admin of all',
        tags,
        summary: 'Who did what with access, settings and machines',
        description:
          'Each entry is chained to the one before by its hash. `playfleet audit verify` checks all of them.',
        request: { query: auditFilter },
        responses: { 200: json(page(auditEntry), 'A page of entries') },
      }),
      async (c) => {
        const { limit, cursor, since, until, origin, ...filter } = c.req.valid('query');
        const after = afterNumber(cursor);
        const times = { since: since && Date.parse(since), until: until && Date.parse(until) };
        const rows = await db.read(async (r) => {
          const slot = origin === undefined ? undefined : await slotOfOrigin(r, origin);
          if (origin !== undefined && slot === undefined) throw notFound(`origin ${origin}`);
          return listAudit(
            r,
            { ...filter, slot, since: times.since || undefined, until: times.until || undefined },
            { limit: limit + 1, after },
          );
        });
        return c.json(
          pageBy(
            rows,
            limit,
            (row) => row.seq,
            (row) => row,
          ),
          200,
        );
      },
    )
    .openapi(
      route({
        method: 'get',
        path: '/audit/head',
        access: 'admin of all',
        tags,
        summary: 'Where the audit log stands: its last entry and how many were written',
        responses: { 200: json(auditHead, 'The head') },
      }),
      async (c) => c.json((await db.read(readHead)) ?? { ...CHAIN_START, issued: 0 }, 200),
    );
}
