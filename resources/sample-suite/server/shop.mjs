/** The request listener of the shop: finds the visitor and the route, and turns errors into answers. */
import { apiRoutes } from './api.mjs';
import { createRouter, HttpError, json, parseCookies, readBody } from './http.mjs';
import { pageRoutes } from './pages/routes.mjs';
import { errorPage } from './pages/layout.mjs';
import { cookieName, readToken } from './session.mjs';
import { createSpaces } from './store.mjs';

/** `regressions` turns on the bugs behind SHOP_FAIL; `build` is shown in the footer and by /api/health. */
export function createShop({ regressions, build }) {
  const spaceOf = createSpaces();
  const route = createRouter([...apiRoutes, ...pageRoutes]);

  return async (request, response) => {
    const url = new URL(request.url, 'http://shop.test');
    const context = describe(request, url);
    try {
      const found = route(request.method, url.pathname);
      if (!found) throw new HttpError(404, 'This page does not exist.');
      const body = await readBody(request);
      send(response, await found.handler({ ...context, params: found.params, body }));
    } catch (error) {
      send(response, answerTo(error, context));
    }
  };

  function describe(request, url) {
    const store = spaceOf(String(request.headers['x-shop-space'] ?? 'default'));
    const bearer = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
    const email = readToken(bearer ?? parseCookies(request.headers.cookie)[cookieName] ?? '');
    const account = (email && store.accounts.get(email)) || null;
    const chaos = request.headers['x-shop-chaos'] ?? null;
    return { url, query: url.searchParams, store, email: account ? email : null, account, chaos, regressions, build };
  }
}

function answerTo(error, context) {
  const known = error instanceof HttpError;
  if (!known) console.error(error);
  const status = known ? error.status : 500;
  const message = known ? error.message : 'Something broke on our side.';
  return context.url.pathname.startsWith('/api/')
    ? json({ error: message }, status)
    : errorPage(context, status, message);
}

function send(response, { status, headers, body }) {
  response.writeHead(status, { 'cache-control': 'no-store', ...headers });
  response.end(body);
}
