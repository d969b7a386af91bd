/** Who may come in: credentials, people and their mails, join codes, limits of how often anybody may ask. */
import os from 'node:os';
import { createOutbound } from '../http/outbound.ts';
import { RateLimits } from '../http/rate-limits.ts';
import { sessionCookie } from '../identity/authentication.ts';
import { Authenticator } from '../identity/authenticator.ts';
import { JoinCodes } from '../joining/join-codes.ts';
import { Mailer } from '../mail/mailer.ts';
import { smtpOf } from '../mail/smtp.ts';
import { Passwords } from '../people/passwords.ts';
import { Providers } from '../people/providers.ts';
import { hostsIn } from '../settings/rules.ts';
import type { Data } from './data.ts';
import type { Start } from './start.ts';

export type Access = ReturnType<typeof openAccess>;

const DAY_MS = 86_400_000;

export function openAccess(
  { config, clock, report, stops }: Start,
  { db, tls, promotion, dataKey, settings }: Pick<Data, 'db' | 'tls' | 'promotion' | 'dataKey' | 'settings'>,
) {
  const secure = config.tls !== null || config.publicUrl?.startsWith('https:') === true;
  // Whoever has told a browser to trust our own certificate must be able to do so again: HSTS forbids that.
  const hsts = secure && config.tls !== 'own';
  // A key that a stand-in replaced would open nothing at home.
  const workerKeyLifeMs = () => (promotion === null && settings.values.worker_key_life_days * DAY_MS) || Infinity;
  const sessionIdleMs = () => settings.values.session_idle_hours * 3_600_000;
  const authenticator = new Authenticator({ db, clock, sessionIdleMs, workerKeyLifeMs, report });
  let mailUrl = '';
  const smtp = () => smtpOf(settings.values);
  const mailer = new Mailer({
    db,
    clock,
    random: Math.random,
    smtp,
    language: () => settings.values.mail_language,
    url: () => mailUrl,
    key: dataKey.derive('mails'),
    report,
  });
  stops.add(() => mailer.stop());
  const people = {
    db,
    clock,
    authenticator,
    secure,
    passwords: new Passwords(),
    totpKey: dataKey.derive('second factors'),
    mail: mailer,
    sessionLifeMs: () => settings.values.session_life_days * DAY_MS,
    sessionIdleMs,
  };
  const joinCodes = new JoinCodes({
    db,
    clock,
    key: dataKey.derive('join codes'),
    salt: dataKey.derive('salt of join codes'),
    // A proxy in front shows a certificate that is not ours.
    shownPin: tls?.shownPin ?? null,
    pin: tls?.pin ?? null,
    name: os.hostname(),
  });
  const limits = new RateLimits({
    clock,
    limits: () => ({
      reads: settings.values.rate_limit_reads_per_minute,
      changes: settings.values.rate_limit_changes_per_minute,
      transfers: settings.values.rate_limit_transfers_per_minute,
      workerCalls: settings.values.rate_limit_worker_calls_per_minute,
      anonymous: settings.values.rate_limit_anonymous_per_minute,
      failedSignIns: settings.values.rate_limit_failed_sign_ins_per_minute,
    }),
  });
  const outbound = createOutbound({ privateHosts: () => hostsIn(settings.values.private_hosts) });
  return {
    secure,
    hsts,
    cookie: sessionCookie(secure),
    workerKeyLifeMs,
    authenticator,
    people,
    providers: new Providers(() => settings.values, outbound),
    joinCodes,
    limits,
    mailer,
    smtp,
    /** Sends what waits, now that the address is known which mails name. */
    sendMails: (url: string) => {
      mailUrl = url;
      mailer.wake();
    },
  };
}
