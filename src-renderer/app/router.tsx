/** All addresses of the dashboard. Each page is loaded when it is first shown; its folder exports `Page` from page.tsx. */
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  type RouteComponent,
} from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { Skeleton } from '../ui/states.tsx';
import { NotFound, PageError } from './failures.tsx';
import { Root } from './root.tsx';

const root = createRootRoute({ component: Root, notFoundComponent: NotFound });

/** Says nothing of the page's own types: they lead back here through its links. */
function page(load: () => Promise<{ Page: () => ReactNode }>): RouteComponent {
  return lazyRouteComponent(load, 'Page');
}

const under = { getParentRoute: () => root };
const routes = [
  createRoute({ ...under, path: '/', component: page(() => import('../overview/page.tsx')) }),
  createRoute({ ...under, path: '/launch', component: page(() => import('../launch/page.tsx')) }),
  createRoute({ ...under, path: '/runs', component: page(() => import('../runs/page.tsx')) }),
  createRoute({ ...under, path: '/runs/$run', component: page(() => import('../run/page.tsx')) }),
  createRoute({ ...under, path: '/runs/$run/tests/$test', component: page(() => import('../test/page.tsx')) }),
  createRoute({ ...under, path: '/compare', component: page(() => import('../compare/page.tsx')) }),
  createRoute({ ...under, path: '/workers', component: page(() => import('../workers/page.tsx')) }),
  createRoute({ ...under, path: '/workers/$worker', component: page(() => import('../worker/page.tsx')) }),
  createRoute({ ...under, path: '/analytics', component: page(() => import('../analytics/page.tsx')) }),
  createRoute({ ...under, path: '/logs', component: page(() => import('../logs/page.tsx')) }),
  createRoute({ ...under, path: '/settings', component: page(() => import('../settings/page.tsx')) }),
  createRoute({ ...under, path: '/people', component: page(() => import('../people/page.tsx')) }),
  createRoute({ ...under, path: '/setup', component: page(() => import('../setup/page.tsx')) }),
  createRoute({ ...under, path: '/this-computer', component: page(() => import('../this-computer/page.tsx')) }),
  createRoute({ ...under, path: '/audit', component: page(() => import('../audit/page.tsx')) }),
] as const;

export const router = createRouter({
  routeTree: root.addChildren(routes),
  defaultPreload: 'intent',
  // What a page reads is kept by its queries.
  defaultPreloadStaleTime: 0,
  scrollRestoration: true,
  defaultPendingComponent: () => <Skeleton />,
  defaultErrorComponent: PageError,
  // Plain texts: `?status=failed`, not JSON.
  parseSearch: (text) => Object.fromEntries(new URLSearchParams(text)),
  stringifySearch: (search) => {
    const given = Object.entries(search).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
    return given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`;
  },
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
