/** HTTP edge of mails: /api/v1/settings/smtp. The settings themselves are changed with all others. */
import type { Clock } from '../../shared/base/clock.ts';
import { isoTime, isoTimeOrNull } from '../../shared/protocol/rest/common.ts';
import { mailState, mailTest, mailTested } from '../../shared/protocol/rest/mail.ts';
import { actorOf, recordAudit } from '../audit/record.ts';
import { requireUser } from '../http/principal.ts';
import { badField, Refusal } from '../http/refusal.ts';
import { json, jsonBody, route } from '../http/route.ts';
import { createRouter } from '../http/router.ts';
import type { Database } from '../storage/database.ts';
import type { Mailer } from './mailer.ts';
import { countMails, troubles } from './outbox.ts';
import { SmtpFailure, type SmtpSettings } from './smtp.ts';

export interface MailRoutesDeps {
  db: Database;
  clock: Clock;
  mailer: Mailer;
  smtp: () => SmtpSettings | null;
}

const tags: [string] = ['Settings'];
const MOST_TROUBLES = 50;

export function mailRoutes({ db, clock, mailer, smtp }: MailRoutesDeps) {
  return createRouter()
    .openapi(
      route({
        method: 'get',
        path: '/settings/smtp',
        access: 'admin of all',
        tags,
        summary: 'Whether mails get out: how many wait, and what the mail server said last',
        responses: { 200: json(mailState, 'The queue of mails') },
      }),
      async (c) => {
        const { counts, rows } = await db.read(async (r) => ({
          counts: await countMails(r),
          rows: await troubles(r, MOST_TROUBLES),
        }));
        const { lastError } = mailer;
        return c.json(
          {
            is_set_up: mailer.isSetUp,
            waiting: counts.waiting,
            oldest_waiting_at: isoTimeOrNull(counts.oldest_waiting),
            last_sent_at: isoTimeOrNull(counts.last_sent),
            failed: counts.failed,
            last_error: lastError && { at: isoTime(lastError.at), message: lastError.message },
            troubles: rows.map(({ created_at: at, ...row }) => ({ ...row, created_at: isoTime(at) })),
          },
          200,
        );
      },
    )
    .openapi(
      route({
        method: 'post',
        path: '/settings/smtp/test',
        access: 'admin of all',
        tags,
        summary: 'Send a test mail now, with the settings as they are',
        description: 'Answers what the mail server said (422) where it did not take it.',
        request: { body: jsonBody(mailTest) },
        responses: { 200: json(mailTested, 'The mail server has taken it') },
      }),
      async (c) => {
        const settings = smtp();
        if (!settings)
          throw new Refusal(409, 'mail_not_set_up', 'Set smtp_server and smtp_from first: PUT /api/v1/settings.');
        const { session, name } = requireUser(c);
        const to = c.req.valid('json').to ?? session?.email;
        if (to === undefined) throw badField('to', 'must be named: a token has no mail address');
        try {
          await mailer.sendNow(
            { kind: 'test', to: { email: to, name: session ? name : '', language: null }, data: {} },
            settings,
          );
        } catch (error) {
          if (!(error instanceof SmtpFailure)) throw error;
          const detail = `The mail server did not take it: ${error.message.slice(0, 500)}`;
          throw new Refusal(422, 'mail_refused', detail, { cause: error });
        }
        await db.write((w) => recordAudit(w, { ...actorOf(c), action: 'mail.tested', target: to }, clock.now()));
        return c.json({ message: `${settings.server} has taken it for ${to}.` }, 200);
      },
    );
}
