/** The first middleware: an id for the request, headers that every answer has, and one line in the log when it is over. */
import type { MiddlewareHandler } from 'hono';
import type { Logger } from 'pino';
import type { Clock } from '../../shared/base/clock.ts';
import { newId } from '../../shared/base/id.ts';
import type { AppEnv } from './env.ts';
import { principalKey } from './principal.ts';

/** For answers that are no pages. Pages set their own policy. */
const API_POLICY = "default-src 'none'; frame-ancestors 'none'";

/** Browsers come back encrypted only, for half a year. */
const HSTS = `max-age=${182 * 24 * 3600}`;

/** Neither bodies, nor query strings (they may hold keys), nor headers are logged. */
export function requestLog(
  log: Logger,
  clock: Clock,
  { pathInLog, hsts }: { pathInLog: (path: string) => string; hsts: boolean },
): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const { outgoing } = c.env;
    const requestId = newId(clock.now());
    const started = clock.monotonic();
    c.set('requestId', requestId);
    c.set('log', log.child({ requestId }));
    c.set('credential', false);
    c.set('principal', null);
    c.set('stillKnown', () => Promise.resolve(true));
    // Set on the raw response, so that streams that bypass the framework have them too; an answer may replace them.
    outgoing.setHeader('x-request-id', requestId);
    outgoing.setHeader('x-content-type-options', 'nosniff');
    outgoing.setHeader('referrer-policy', 'no-referrer');
    outgoing.setHeader('content-security-policy', API_POLICY);
    if (hsts) outgoing.setHeader('strict-transport-security', HSTS);
    outgoing.once('close', () => {
      const { principal } = c.var;
      const line = {
        requestId,
        method: c.req.method,
        path: pathInLog(c.req.path),
        status: outgoing.statusCode,
        ms: Math.round((clock.monotonic() - started) * 10) / 10,
        ...(principal ? { by: principalKey(principal) } : {}),
        ...(outgoing.writableFinished ? {} : { cut: true }),
      };
      if (outgoing.statusCode >= 500) log.warn(line, 'request');
      else log.info(line, 'request');
    });
    await next();
  };
}
