/** Chains the rooms' routes into the coordinator's API. */
import type { MiddlewareHandler } from 'hono';
import type { Logger } from 'pino';
import type { Clock } from '../../shared/base/clock.ts';
import type { AppEnv } from '../http/env.ts';
import { rateLimited, type RateLimits } from '../http/rate-limits.ts';
import type { LoadMonitor } from '../load/monitor.ts';
import { shedding } from '../load/shedding.ts';
import { createApp, type AppOptions, type Router } from '../http/router.ts';

export interface AppParts {
  log: Logger;
  clock: Clock;
  authentication: MiddlewareHandler<AppEnv>;
  limits: RateLimits;
  load: Pick<LoadMonitor, 'leavesOut'>;
  hsts: boolean;
  onRefused: NonNullable<AppOptions['onRefused']>;
  /** Routers of the rooms, mounted under /api/v1. */
  api: readonly Router[];
  /** Routers with addresses of their own: health, pages, the OpenAPI document. */
  pages: readonly Router[];
}

export function createCoordinatorApp({
  log,
  clock,
  authentication,
  limits,
  load,
  hsts,
  onRefused,
  api,
  pages,
}: AppParts): Router {
  const app = createApp({ log, clock, hsts, onRefused });
  app.use('*', authentication);
  app.use('*', rateLimited(limits));
  app.use('*', shedding(load));
  for (const router of api) app.route('/api/v1', router);
  for (const router of pages) app.route('/', router);
  return app;
}
