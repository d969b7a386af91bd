/** Starts a coordinator, part by part (wiring/), and stops it in the reverse order. Nothing is decided here. */
import { mkdir } from 'node:fs/promises';
import os from 'node:os';
import type { Logger } from 'pino';
import { systemClock } from '../shared/base/clock.ts';
import { withPin } from '../shared/protocol/pin.ts';
import { readHead } from './audit/queries.ts';
import type { CoordinatorConfig } from './config.ts';
import { adminLink, joinLink, makeAdminLink, makeFirstTokens } from './identity/first-start.ts';
import type { BroughtHome } from './offline/homecoming.ts';
import { StatementSigner } from './offline/signer.ts';
import { armFailpoint } from './storage/failpoint.ts';
import { openAccess, type Access } from './wiring/access.ts';
import { startBackground } from './wiring/background.ts';
import { listenForContent } from './wiring/content.ts';
import { openData } from './wiring/data.ts';
import { loadStrategies, startEngine, type Engine } from './wiring/engine.ts';
import { listen } from './wiring/http.ts';
import { Stops, type Start } from './wiring/start.ts';

export interface RunningCoordinator {
  /** Address of API and pages, without a slash at its end. */
  url: string;
  /** Of its own certificate; null where it has none. Tokens carry it. */
  pin: string | null;
  /** Address of the content origin. */
  contentUrl: string;
  /** Only at the first start of a data folder: shown once. */
  first: { adminLink: string; join: string } | null;
  /** Only where the configuration asked for one and this is not the first start. */
  newAdminLink: string | null;
  /** Of a promoted coordinator: resolves when it was demoted, and all that it did is at home and verified. */
  broughtHome: Promise<BroughtHome>;
  /** Lets requests end, closes links and streams, and lets go of the data. */
  stop(): Promise<void>;
}

/** Rejects with an error that says what to mend: data in use, newer data, port taken, disk full. */
export async function startCoordinator(
  config: CoordinatorConfig,
  version: string,
  log: Logger,
): Promise<RunningCoordinator> {
  const clock = systemClock;
  const report = (error: unknown, during: string) => log.warn({ err: error }, `${during} failed`);
  const stops = new Stops();
  const start: Start = { config, version, log, clock, report, stops };
  if (config.failpoint) armFailpoint(config.failpoint);
  await mkdir(config.dataDir, { recursive: true, mode: 0o700 });
  const strategies = await loadStrategies(start);
  try {
    const data = await openData(start, {
      strategies: strategies.names,
      onSettings: () => {
        access.mailer.retryNow();
        engine.dispatch.link
          .checkVersions()
          .catch((error: unknown) => report(error, 'looking for agents that are too old'));
      },
    });
    const { db } = data;
    const signer = new StatementSigner(data.dataKey.derive('promotion statements'));
    const access: Access = openAccess(start, data);
    const engine: Engine = await startEngine(start, { data, access, strategies, signer });
    const background = await startBackground(start, { data, access, engine });
    const content = await listenForContent(start, { data, access });
    const server = await listen(start, { data, access, engine, background, content, signer });

    const origin = (host: string) => config.publicUrl ?? `${data.tls ? 'https' : 'http'}://${host}:${server.port}`;
    const url = origin(hostInUrl(config.host));
    // Mails are read on other machines: there the name of this one says more than its loopback.
    access.sendMails(origin(isEverywhere(config.host) ? os.hostname() : hostInUrl(config.host)));
    const tokens = await db.write((w) => makeFirstTokens(w, clock.now()));
    const link = config.newAdminLink && !tokens ? await db.write((w) => makeAdminLink(w, clock.now())) : null;
    // Outside the database, so that a rewritten audit log can be told from the one that was.
    const head = await db.read(readHead);
    log.info({ seq: head?.seq ?? 0, hash: head?.hash ?? '' }, 'the audit log stands here');
    const pin = data.tls?.pin ?? null;
    return {
      url,
      pin,
      contentUrl: content.originFor(url),
      first: tokens && {
        adminLink: adminLink(url, withPin(tokens.adminLink, pin)),
        join: joinLink(url, withPin(tokens.join, pin)),
      },
      newAdminLink: link && adminLink(url, withPin(link, pin)),
      broughtHome: background.home?.broughtHome ?? new Promise<BroughtHome>(() => undefined),
      stop: () => stops.run(),
    };
  } catch (error) {
    await stops.run();
    throw error;
  }
}

const isEverywhere = (host: string): boolean => host === '0.0.0.0' || host === '::';

/** An address that is bound to all interfaces is reached from here by loopback. */
const hostInUrl = (host: string) => (isEverywhere(host) ? 'localhost' : host.includes(':') ? `[${host}]` : host);
