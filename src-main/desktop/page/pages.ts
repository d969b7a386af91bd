/**
 * Answers `app://playfleet/…`: pages and files from this very package, never from a coordinator, for what runs in this window may ask the app
 * for more than a web page may; the API through the proxy.
 */
import { Hono } from 'hono';
import { DASHBOARD_PAGES } from '../../../shared/model/pages.ts';
import type { AppEnv } from '../../../coordinator/http/env.ts';
import { Refusal } from '../../../coordinator/http/refusal.ts';
import { accountPage } from '../../../coordinator/operations/pages/account.ts';
import { dashboardAsset, dashboardPage } from '../../../coordinator/operations/pages/dashboard.ts';
import { invitationPage, resetPage, welcomePage } from '../../../coordinator/operations/pages/join.ts';
import { signInPage } from '../../../coordinator/operations/pages/sign-in.ts';
import { whyRefused } from '../rules/requests.ts';
import { problem } from './problem.ts';
import { sendOn, type ProxyDeps } from './proxy.ts';

export interface PagesDeps extends ProxyDeps {
  /** The built dashboard. */
  dir: string;
  /** Where the active coordinator's attachments come from; null: not known. */
  contentOrigin: () => string | null;
  report: (error: unknown, during: string) => void;
}

/** As Electron's protocol.handle wants it. */
export function createPages(deps: PagesDeps): (request: Request & { initiatorOrigin?: string }) => Promise<Response> {
  const { dir, contentOrigin, report } = deps;
  const app = new Hono<AppEnv>();
  const dashboard = { dir, contentOrigin: () => contentOrigin() ?? '' };
  for (const page of DASHBOARD_PAGES) app.get(page, (c) => dashboardPage(c, dashboard));
  app.get('/assets/:file', (c) => dashboardAsset(c, dashboard));
  app.get('/sign-in', signInPage);
  app.get('/account', accountPage);
  app.get('/welcome', welcomePage);
  app.get('/invitation', invitationPage);
  app.get('/reset-password', resetPage);
  app.all('/api/*', (c) => sendOn(c.req.raw, deps));
  app.notFound(() => problem(404, 'not_found', 'Not found', 'The app has nothing at this address.'));
  app.onError((error) => {
    if (error instanceof Refusal) return problem(error.status, error.code, 'Refused', error.message);
    report(error, 'answering the page');
    return problem(500, 'internal', 'Failed', 'The app could not answer; its log says why.');
  });
  return async (request) => {
    const refused = whyRefused({ method: request.method, initiator: request.initiatorOrigin });
    if (refused !== null) return problem(403, 'refused', 'Refused', refused);
    const answer = await app.fetch(request);
    answer.headers.set('x-content-type-options', 'nosniff');
    answer.headers.set('referrer-policy', 'no-referrer');
    return answer;
  };
}
