/** The content origin: reports and attachments at addresses of their own, so that what tests wrote runs beside nobody's session. */
import type { Context } from 'hono';
import { createContentApp } from '../artifacts/content-app.ts';
import { signContent } from '../artifacts/content-token.ts';
import type { AppEnv } from '../http/env.ts';
import { createServer } from '../http/server.ts';
import type { Access } from './access.ts';
import type { Data } from './data.ts';
import { STOP_GRACE_MS, type Start } from './start.ts';

export type Content = Awaited<ReturnType<typeof listenForContent>>;

interface ContentParts {
  data: Pick<Data, 'store' | 'tls' | 'dataKey'>;
  access: Pick<Access, 'limits' | 'hsts'>;
}

/** Rejects where the port is taken. */
export async function listenForContent(
  { config, clock, log, stops }: Start,
  { data: { store, tls, dataKey }, access: { limits, hsts } }: ContentParts,
) {
  const keys = { trees: dataKey.derive('content links'), files: dataKey.derive('attachment links') };
  const server = await createServer({
    fetch: createContentApp({ store, keys, clock, limits, hsts, log }).fetch,
    host: config.host,
    port: config.contentPort,
    tls: tls?.material ?? null,
    log,
    clock,
  });
  stops.add(() => server.stop(STOP_GRACE_MS));
  const { port } = server;
  /** On the host by which the coordinator itself was reached. */
  const originFor = (url: string): string => {
    const origin = new URL(url);
    origin.port = String(port);
    return origin.origin;
  };
  return {
    server,
    port,
    originFor,
    treeUrl: (c: Context<AppEnv>, tree: string, file: string, lifeMs: number) =>
      `${originFor(c.req.url)}/c/${signContent({ sha256: tree, expiresAt: clock.now() + lifeMs }, keys.trees)}/${file}`,
    fileUrl: (c: Context<AppEnv>, sha256: string, name: string, expiresAt: number) =>
      `${originFor(c.req.url)}/f/${signContent({ sha256, expiresAt }, keys.files)}/${encodeURIComponent(name)}`,
  };
}
