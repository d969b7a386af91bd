/** HTTP edge of joining by words: /api/v1/join-codes. */
import { z } from 'zod';
import type { Clock } from '../../shared/base/clock.ts';
import { JOINING_PROTOCOL } from '../../shared/protocol/joining.ts';
import { idParam, isoTime } from '../../shared/protocol/rest/common.ts';
import {
  joinCode,
  joinCodeCreate,
  joinCodeCreated,
  joiningChallenge,
  joiningHello,
  joiningProve,
  joiningProved,
} from '../../shared/protocol/rest/join-codes.ts';
import { actorOf, recordAudit } from '../audit/record.ts';
import { forbidden, requireUser } from '../http/principal.ts';
import { notFound } from '../http/refusal.ts';
import { json, jsonBody, route } from '../http/route.ts';
import { createRouter } from '../http/router.ts';
import { mayHandle, roleFor } from '../identity/rules.ts';
import { teamOfToken } from '../identity/team-of-token.ts';
import type { Database } from '../storage/database.ts';
import type { JoinCodes } from './join-codes.ts';
import { getJoinCode, revokeJoinCode } from './queries.ts';

const tags: [string] = ['Tokens'];
const JOIN = { kind: 'join', role: null } as const;

export function joinCodeRoutes({ db, clock, codes }: { db: Database; clock: Clock; codes: JoinCodes }) {
  return createRouter()
    .openapi(
      route({
        method: 'post',
        path: '/join-codes',
        access: 'maintainer',
        tags,
        summary: 'Make a join code of six words; they are answered only here',
        description: 'Lets one machine in, once, within ten minutes. Needs a coordinator that serves https itself.',
        request: { body: jsonBody(joinCodeCreate) },
        responses: { 201: json(joinCodeCreated, 'The code with its words') },
      }),
      async (c) => {
        const { name, team, expires_in_seconds: lifeSeconds } = c.req.valid('json');
        const me = requireUser(c);
        const { code, insert } = await codes.prepare();
        const now = clock.now();
        const view = await db.write(async (w) => {
          const teamId = await teamOfToken(w, c.var.scope, JOIN.kind, team);
          const own = roleFor(me, teamId);
          if (own === null || !mayHandle(own, JOIN))
            throw forbidden('Your role there is not enough to let machines in.');
          const wanted = {
            name,
            teamId,
            createdBy: me.name,
            personId: me.session && me.id,
            lifeMs: lifeSeconds * 1000,
          };
          const id = await insert(w, wanted, now);
          const data = { id, expires: isoTime(now + wanted.lifeMs), team: teamId };
          await recordAudit(w, { ...actorOf(c), action: 'join_code.created', target: name, data }, now);
          return getJoinCode(w, id, null, now);
        });
        if (!view) throw notFound('join code');
        c.header('cache-control', 'no-store');
        return c.json({ ...view, code, address: new URL(c.req.url).origin }, 201);
      },
    )
    .openapi(
      route({
        method: 'get',
        path: '/join-codes/{id}',
        access: 'maintainer',
        tags,
        summary: 'A join code without its words: whether a machine has joined by it',
        request: { params: idParam },
        responses: { 200: json(joinCode, 'The code') },
      }),
      async (c) => {
        const { id } = c.req.valid('param');
        const found = await db.read((r) => getJoinCode(r, id, c.var.scope.acts, clock.now()));
        if (!found) throw notFound(`join code ${id}`);
        return c.json(found, 200);
      },
    )
    .openapi(
      route({
        method: 'delete',
        path: '/join-codes/{id}',
        access: 'maintainer',
        tags,
        summary: 'Revoke a join code',
        request: { params: idParam },
        responses: { 200: json(z.object({ message: z.string() }), 'Revoked') },
      }),
      async (c) => {
        const { id } = c.req.valid('param');
        await db.write(async (w) => {
          const now = clock.now();
          const found = await getJoinCode(w, id, c.var.scope.acts, now);
          if (!found) throw notFound(`join code ${id}`);
          await revokeJoinCode(w, id, now);
          await recordAudit(w, { ...actorOf(c), action: 'join_code.revoked', target: found.name, data: { id } }, now);
        });
        return c.json({ message: 'The code works no longer.' }, 200);
      },
    )
    .openapi(
      route({
        method: 'post',
        path: '/joining/hello',
        access: 'public',
        tags,
        summary: 'Begin to join by a code: what a machine needs for its proof',
        request: { body: jsonBody(joiningHello) },
        responses: { 200: json(joiningChallenge, 'Salt and challenge') },
      }),
      (c) => {
        const { nonce } = c.req.valid('json');
        c.header('cache-control', 'no-store');
        return c.json({ protocol: JOINING_PROTOCOL, ...codes.hello(nonce) } as const, 200);
      },
    )
    .openapi(
      route({
        method: 'post',
        path: '/joining/prove',
        access: 'public',
        tags,
        summary: 'Exchange a join code for a join token, by proofs on both sides',
        description: 'The code itself is never sent. The proofs hold on connections with this certificate only.',
        request: { body: jsonBody(joiningProve) },
        responses: { 200: json(joiningProved, "The coordinator's proof, and the sealed token") },
      }),
      async (c) => {
        c.header('cache-control', 'no-store');
        return c.json(await codes.prove(c.req.valid('json'), actorOf(c)), 200);
      },
    );
}
