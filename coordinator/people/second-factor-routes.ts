/** HTTP edge of the second factor of one's own account: /api/v1/account/second-factor. */
import { z } from 'zod';
import { backupCodes, confirmCode, newSecondFactor, withPassword } from '../../shared/protocol/rest/people.ts';
import { actorOf, recordAudit } from '../audit/record.ts';
import { requirePerson } from '../http/principal.ts';
import { Refusal } from '../http/refusal.ts';
import { json, jsonBody, route } from '../http/route.ts';
import { createRouter } from '../http/router.ts';
import { confirmed } from './confirmed.ts';
import { accountById, type Account } from './queries.ts';
import type { LetterData } from '../mail/letters.ts';
import type { WriteHandle } from '../storage/database.ts';
import type { SignInDeps } from './sign-in.ts';
import { beginTotp, makeBackupCodes, removeTotp, useTotp } from './totp.ts';

const tags: [string] = ['Account'];
const done = z.object({ message: z.string() });

export function secondFactorRoutes(deps: SignInDeps) {
  const { db, clock, totpKey, mail } = deps;
  const tell = (w: WriteHandle, to: Account, change: LetterData['second_factor_changed']['change'], at: number) =>
    mail.post(w, { kind: 'second_factor_changed', to, data: { change, at } }, at);
  return createRouter()
    .openapi(
      route({
        method: 'post',
        path: '/account/second-factor',
        access: 'person',
        tags,
        summary: 'Begin to ask for codes of an authenticator at sign-in',
        description: 'It counts once a first code has confirmed it; until then you may begin again.',
        request: { body: jsonBody(withPassword) },
        responses: { 200: json(newSecondFactor, 'What to type into the authenticator; shown only here') },
      }),
      async (c) => {
        const { me } = await confirmed(deps, c, { field: 'password', ...c.req.valid('json') });
        const made = await db.write(async (w) => {
          const account = await accountById(w, me.id);
          if (account?.totp_confirmed_at != null) {
            throw new Refusal(409, 'second_factor_on', 'Your account has a second factor already. Remove it first.');
          }
          return beginTotp(w, { id: me.id, email: me.session.email }, totpKey);
        });
        c.header('cache-control', 'no-store');
        return c.json(made, 200);
      },
    )
    .openapi(
      route({
        method: 'post',
        path: '/account/second-factor/confirm',
        access: 'person',
        tags,
        summary: 'Confirm the second factor with a first code',
        request: { body: jsonBody(confirmCode) },
        responses: { 200: json(backupCodes, 'It counts from now on; these codes are shown only here') },
      }),
      async (c) => {
        const me = requirePerson(c);
        const { code } = c.req.valid('json');
        const codes = await db.write(async (w) => {
          const now = clock.now();
          const account = await accountById(w, me.id);
          if (!account || account.totp_secret === null || account.totp_confirmed_at !== null) {
            throw new Refusal(
              409,
              'nothing_to_confirm',
              'No second factor waits to be confirmed. Begin with one first.',
            );
          }
          if (!(await useTotp(w, account, code, totpKey, now))) {
            throw new Refusal(
              422,
              'wrong_code',
              'code is not the one that the authenticator shows now. Is the clock of its machine right?',
              { errors: [{ field: 'code', message: 'is not the one that the authenticator shows now' }] },
            );
          }
          await w.run('UPDATE people SET totp_confirmed_at = ? WHERE id = ?', [now, me.id]);
          await recordAudit(w, { ...actorOf(c), action: 'second_factor.added', target: account.email }, now);
          await tell(w, account, 'added', now);
          return makeBackupCodes(w, me.id, totpKey);
        });
        c.header('cache-control', 'no-store');
        return c.json({ backup_codes: codes }, 200);
      },
    )
    .openapi(
      route({
        method: 'post',
        path: '/account/second-factor/backup-codes',
        access: 'person',
        tags,
        summary: 'Make new backup codes; those before work no longer',
        request: { body: jsonBody(withPassword) },
        responses: { 200: json(backupCodes, 'Shown only here') },
      }),
      async (c) => {
        const { me } = await confirmed(deps, c, { field: 'password', ...c.req.valid('json') });
        const codes = await db.write(async (w) => {
          const account = await accountById(w, me.id);
          if (account?.totp_confirmed_at == null) throw noSecondFactor();
          const now = clock.now();
          await recordAudit(w, { ...actorOf(c), action: 'second_factor.backup_codes' }, now);
          await tell(w, account, 'backup_codes', now);
          return makeBackupCodes(w, me.id, totpKey);
        });
        c.header('cache-control', 'no-store');
        return c.json({ backup_codes: codes }, 200);
      },
    )
    .openapi(
      route({
        method: 'post',
        path: '/account/second-factor/remove',
        access: 'person',
        tags,
        summary: 'Ask for no codes any more',
        request: { body: jsonBody(withPassword) },
        responses: { 200: json(done, 'Removed') },
      }),
      async (c) => {
        const { me } = await confirmed(deps, c, { field: 'password', ...c.req.valid('json') });
        await db.write(async (w) => {
          const account = await accountById(w, me.id);
          if (account?.totp_secret == null) throw noSecondFactor();
          await removeTotp(w, me.id);
          const now = clock.now();
          await recordAudit(w, { ...actorOf(c), action: 'second_factor.removed', target: account.email }, now);
          // One that was never confirmed has asked for nothing yet.
          if (account.totp_confirmed_at !== null) await tell(w, account, 'removed', now);
        });
        return c.json({ message: 'You sign in with your password alone from now on.' }, 200);
      },
    );
}

const noSecondFactor = () => new Refusal(409, 'no_second_factor', 'Your account has no second factor.');
