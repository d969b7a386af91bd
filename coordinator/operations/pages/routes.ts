/** The pages, and the OpenAPI document that one of them is made of. */
import { openApiDocument, type OpenApiDocument } from '../../http/openapi.ts';
import type { Router } from '../../http/router.ts';
import { DASHBOARD_PAGES } from '../../../shared/model/pages.ts';
import { accountPage } from './account.ts';
import { dashboardAsset, dashboardPage, type DashboardFiles } from './dashboard.ts';
import { invitationPage, resetPage, welcomePage } from './join.ts';
import { referencePage } from './reference.ts';
import { signInPage } from './sign-in.ts';

/** Their paths: open to everybody, because they hold nothing but code and documentation. */
export const PAGES = [
  ...DASHBOARD_PAGES,
  '/assets/:file',
  '/welcome',
  '/invitation',
  '/reset-password',
  '/sign-in',
  '/account',
  '/api/v1/openapi.json',
  '/api/v1/reference',
] as const;

/** Adds them to an app whose other routes are all mounted. */
export function addPages(
  app: Router,
  info: { version: string; sessionCookie: string; dashboard: DashboardFiles },
): void {
  let made: OpenApiDocument | undefined;
  const document = () => (made ??= openApiDocument(app, info));
  for (const page of DASHBOARD_PAGES) app.get(page, (c) => dashboardPage(c, info.dashboard));
  app.get('/assets/:file', (c) => dashboardAsset(c, info.dashboard));
  app.get('/welcome', welcomePage);
  app.get('/invitation', invitationPage);
  app.get('/reset-password', resetPage);
  app.get('/sign-in', signInPage);
  app.get('/account', accountPage);
  app.get('/api/v1/openapi.json', (c) => c.json(document()));
  app.get('/api/v1/reference', (c) => referencePage(c, document()));
}
