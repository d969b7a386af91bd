/** Nothing is served whose access nobody declared. */
import type { Router } from './router.ts';

interface Definition {
  type: string;
  route?: { method: string; path: string; 'x-access'?: unknown };
}

/**
 * Throws at start-up for a route of the app that was not declared with `route()` (route.ts). `pages`: paths of our own pages, which hold
 * nothing but code and are open to everybody. Call it once all routes are mounted.
 */
export function refuseUndeclared(app: Router, pages: readonly string[]): void {
  const declared = new Set<string>();
  for (const { type, route } of app.openAPIRegistry.definitions as Definition[]) {
    if (type === 'route' && route?.['x-access'] !== undefined) {
      declared.add(`${route.method.toUpperCase()} ${route.path.replaceAll(/\{(\w+)\}/g, ':$1')}`);
    }
  }
  for (const page of pages) declared.add(`GET ${page}`);
  for (const { method, path } of app.routes) {
    const middleware = method === 'ALL' && path.endsWith('*');
    if (!middleware && !declared.has(`${method} ${path}`)) {
      throw new Error(`${method} ${path} does not say who may call it: declare it with route() and an access.`);
    }
  }
}
