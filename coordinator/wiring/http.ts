/** The coordinator's own address: API, pages, links of workers; and what tells others where it is. */
import os from 'node:os';
import { actorOf } from '../audit/record.ts';
import { refuseUndeclared } from '../http/declared.ts';
import { createServer, type HttpServer, type TlsMaterial } from '../http/server.ts';
import { authentication } from '../identity/authentication.ts';
import { isDenial, isFailedSignIn } from '../identity/denied.ts';
import { workerOf } from '../identity/upgrade.ts';
import { announce } from '../joining/announce.ts';
import { healthRoutes } from '../operations/health.ts';
import { BUILT_DASHBOARD } from '../operations/pages/dashboard.ts';
import { addPages, PAGES } from '../operations/pages/routes.ts';
import { openTls, startRenewing } from '../tls.ts';
import { apiRoutes, type ApiParts } from './api.ts';
import { createCoordinatorApp } from './app.ts';
import { STOP_GRACE_MS, type Start } from './start.ts';

/** Rejects where the port is taken. From here on, everybody is answered, and workers come. */
export async function listen(start: Start, parts: ApiParts): Promise<HttpServer> {
  const { config, version, log, clock, report, stops } = start;
  const { tls, dataKey, denials } = parts.data;
  const { authenticator, limits } = parts.access;
  const { dispatch, presence } = parts.engine;
  const server = await createServer({
    fetch: appOf(start, parts).fetch,
    host: config.host,
    port: config.port,
    tls: tls?.material ?? null,
    log,
    clock,
  });
  stops.add(() => server.stop(STOP_GRACE_MS));
  if (tls !== null && tls.pin !== null) {
    const use = (material: TlsMaterial) =>
      [server, parts.content.server].forEach((each) => each.useCertificate(material));
    stops.add(startRenewing({ clock, open: (now) => openTls(config, now), use, report }));
  }
  server.onUpgrade(
    '/api/v1/link',
    (request) => workerOf(request, { authenticator, denials, limits }),
    (socket, workerId, hold) => {
      presence.heard(workerId);
      dispatch.link.accept(socket, workerId, hold);
    },
  );
  if (config.announce && tls !== null) {
    const id = Buffer.from(dataKey.derive('name on the LAN')).toString('hex').slice(0, 32);
    const said = { version, id, name: os.hostname(), pin: tls.shownPin };
    stops.add(announce({ ...said, port: server.port, report }));
  }
  return server;
}

function appOf(start: Start, parts: ApiParts) {
  const { config, version, log, clock, report } = start;
  const { data, access, engine, background, content } = parts;
  const { db, denials } = data;
  const { authenticator, limits, hsts, cookie } = access;
  const { load, strategies } = engine;
  const app = createCoordinatorApp({
    log,
    clock,
    authentication: authentication(authenticator, cookie),
    limits,
    load,
    hsts,
    onRefused: (c, { status, code }) => {
      const refused = { status, code, credential: c.var.credential };
      if (isFailedSignIn(refused)) limits.failed(c.env.incoming.socket.remoteAddress);
      if (!isDenial(refused)) return;
      denials.note({ ...actorOf(c), request: `${c.req.method} ${c.req.path}`.slice(0, 200), status, code });
    },
    api: apiRoutes(start, parts),
    pages: [
      healthRoutes({
        db,
        clock,
        version,
        dataDir: config.dataDir,
        contentPort: content.port,
        load,
        faults: () => strategies.faults,
        backups: () => background.keeper.standing(),
        report,
      }),
    ],
  });
  addPages(app, {
    version,
    sessionCookie: cookie,
    dashboard: { dir: BUILT_DASHBOARD, contentOrigin: (c) => content.originFor(c.req.url) },
  });
  refuseUndeclared(app, PAGES);
  return app;
}
