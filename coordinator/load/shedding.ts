/** Refuses calls that can wait, while the coordinator is behind. */
import type { MiddlewareHandler } from 'hono';
import type { AppEnv } from '../http/env.ts';
import { Refusal } from '../http/refusal.ts';
import type { LoadMonitor } from './monitor.ts';
import { isUnimportant } from './rules/importance.ts';

/** Calls of people and of nobody known that may be under way at once; each holds at most its body. */
const MOST_AT_ONCE = 500;
const RETRY_AFTER_SECONDS = 5;

/** Comes behind the authentication. Calls of workers always pass. */
export function shedding(load: Pick<LoadMonitor, 'leavesOut'>): MiddlewareHandler<AppEnv> {
  let underWay = 0;
  return async (c, next) => {
    const who = c.var.principal?.kind ?? null;
    if (who === 'worker') return next();
    if (isUnimportant(who, c.req.method, c.req.path) && load.leavesOut('requests')) throw overloaded();
    if (underWay >= MOST_AT_ONCE) throw overloaded();
    underWay++;
    try {
      await next();
    } finally {
      underWay--;
    }
  };
}

const overloaded = () =>
  new Refusal(
    503,
    'overloaded',
    `The coordinator has more to do than it can. Results are stored all the same; try this again in ${RETRY_AFTER_SECONDS} s. GET /healthz says how it is.`,
    { headers: { 'retry-after': String(RETRY_AFTER_SECONDS) } },
  );
