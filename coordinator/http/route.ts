/** One way to declare a route: its access is checked first, then its body is read within bounds, then its parts are validated. */
import { createRoute, type RouteConfig } from '@hono/zod-openapi';
import type { MiddlewareHandler } from 'hono';
import type { z } from 'zod';
import { DEFAULT_BODY_BYTES, readJsonBody } from './body.ts';
import type { AppEnv } from './env.ts';
import { checkAccess, type Access } from './principal.ts';
import { scopeOf } from './scope.ts';

type Declared<P extends string> = Omit<RouteConfig, 'path' | 'middleware' | 'security'> & {
  path: P;
  access: Access;
  summary: string;
  /** Groups the routes in the reference. */
  tags: [string];
  /** Bound of a JSON body; default 1 MiB. */
  maxBodyBytes?: number;
};

/** Declares a route for `createRouter().openapi(…)`. Errors need no declaration: they are all problems. */
export function route<P extends string, const R extends Declared<P>>(declared: R & { path: P }) {
  const { access, maxBodyBytes = DEFAULT_BODY_BYTES, ...config } = declared;
  if (/[^/]\{|\}[^/]/.test(declared.path)) {
    throw new Error(
      `${declared.path}: a parameter must be a whole part of the path, or the route would never be found`,
    );
  }
  const middleware: MiddlewareHandler<AppEnv>[] = [guard(access)];
  if (config.request?.body?.content['application/json']) middleware.push(readJsonBody(maxBodyBytes));
  const made = createRoute({ ...config, 'x-access': access, middleware } as RouteConfig);
  return made as unknown as Omit<R, 'access' | 'maxBodyBytes'> & { getRoutingPath(): string };
}

/** The `body` of a request that takes JSON. */
export function jsonBody<T extends z.ZodType>(schema: T) {
  return { content: { 'application/json': { schema } }, required: true } as const;
}

/** A response with JSON. */
export function json<T extends z.ZodType>(schema: T, description: string) {
  return { content: { 'application/json': { schema } }, description } as const;
}

function guard(access: Access): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    checkAccess(c.var.principal, access);
    c.set('scope', scopeOf(c.var.principal, access));
    await next();
  };
}
