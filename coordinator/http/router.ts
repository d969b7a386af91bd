/** The routers that rooms fill, and the app that joins them: every error is a problem, every request has an id and a line in the log. */
import { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { TrieRouter } from 'hono/router/trie-router';
import type { Logger } from 'pino';
import type { Clock } from '../../shared/base/clock.ts';
import type { AppEnv } from './env.ts';
import { asRefusal, problemResponse } from './problem.ts';
import { Refusal } from './refusal.ts';
import { requestLog } from './request-log.ts';
import { validationRefusal } from './validation.ts';

export type Router = OpenAPIHono<AppEnv>;

/** A router for a room's routes (see route.ts). */
export function createRouter(): Router {
  return new OpenAPIHono<AppEnv>({
    defaultHook: (result) => {
      if (!result.success) throw validationRefusal(result.error.issues, (result as { data?: unknown }).data);
    },
  });
}

export interface AppOptions {
  log: Logger;
  clock: Clock;
  /** What the log shows of a path; for addresses that are secrets themselves. */
  pathInLog?: (path: string) => string;
  /** Browsers are told to come back encrypted only; then they let nobody pass by a certificate that they do not trust. */
  hsts?: boolean;
  /** Is told of every request that was refused. */
  onRefused?: (c: Context<AppEnv>, refusal: Refusal) => void;
}

/** The app, still without routes. */
export function createApp({ log, clock, pathInLog = (path) => path, hsts = false, onRefused }: AppOptions): Router {
  const app = createRouter();
  app.use('*', requestLog(log, clock, { pathInLog, hsts }));
  app.onError((error, c) => {
    const refusal = asRefusal(error);
    if (refusal === null) c.var.log.error({ err: error }, 'a request failed');
    // 503 asks to come again: no fault, and there may be many.
    else if (refusal.status >= 500 && refusal.status !== 503)
      c.var.log.error({ code: refusal.code, detail: refusal.message }, 'a request was refused');
    if (refusal !== null) onRefused?.(c, refusal);
    return problemResponse(refusal, c.var.requestId);
  });
  let methods: ((path: string) => string[]) | undefined;
  app.notFound((c) => {
    methods ??= methodsByPath(app);
    const allowed = methods(c.req.path);
    const refusal =
      allowed.length === 0
        ? new Refusal(404, 'not_found', 'There is nothing at this address. GET /api/v1/reference lists what there is.')
        : new Refusal(405, 'method_not_allowed', `Use ${allowed.join(' or ')} here.`, {
            headers: { allow: allowed.join(', ') },
          });
    return problemResponse(refusal, c.var.requestId);
  });
  return app;
}

/** Which methods the app's routes have at a path. */
function methodsByPath(app: Router): (path: string) => string[] {
  const router = new TrieRouter<string>();
  const added = new Set<string>();
  for (const { method, path } of app.routes) {
    if (method === 'ALL' || added.has(`${method} ${path}`)) continue;
    added.add(`${method} ${path}`);
    router.add('ALL', path, method);
  }
  return (path) => {
    const found = new Set(router.match('ALL', path)[0].map(([method]) => method));
    if (found.has('GET')) found.add('HEAD');
    return [...found].sort();
  };
}
