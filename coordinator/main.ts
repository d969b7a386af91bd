/** Starts a coordinator: opens its data, wires the rooms together, listens. Nothing is decided here. */
import { mkdir } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Context } from 'hono';
import type { Logger } from 'pino';
import { systemClock } from '../shared/base/clock.ts';
import { withPin } from '../shared/protocol/pin.ts';
import { metricRoutes } from './analytics/metric-routes.ts';
import { runAnalysisRoutes } from './analytics/run-routes.ts';
import { screenshotRoutes } from './analytics/screenshot-routes.ts';
import { testRoutes } from './analytics/test-routes.ts';
import { createCoordinatorApp } from './app.ts';
import { BlobStore } from './artifacts/blob-store.ts';
import { createContentApp } from './artifacts/content-app.ts';
import { signContent } from './artifacts/content-token.ts';
import { DenialLog } from './audit/denials.ts';
import { readHead } from './audit/queries.ts';
import { actorOf } from './audit/record.ts';
import { auditRoutes } from './audit/routes.ts';
import { blobRoutes } from './artifacts/routes.ts';
import { BackupKeeper } from './backups/keeper.ts';
import { takeUpRestored } from './backups/restored.ts';
import { backupRoutes } from './backups/routes.ts';
import { backupSettings } from './backups/settings.ts';
import { WorkerReach } from './artifacts/worker-reach.ts';
import type { CoordinatorConfig } from './config.ts';
import { bulkRunRoutes } from './dispatch/bulk-routes.ts';
import { createDispatch, type Dispatch } from './dispatch/create-dispatch.ts';
import { failureRules } from './dispatch/failure-context.ts';
import { Inflow } from './dispatch/inflow.ts';
import { loadPlugins } from './dispatch/load-plugins.ts';
import { dispatchRoutes } from './dispatch/routes.ts';
import { Strategies } from './dispatch/strategies.ts';
import { EventFeed } from './events/feed.ts';
import { eventRoutes } from './events/routes.ts';
import { refuseUndeclared } from './http/declared.ts';
import type { AppEnv } from './http/env.ts';
import { createOutbound } from './http/outbound.ts';
import { RateLimits } from './http/rate-limits.ts';
import { createServer, type TlsMaterial } from './http/server.ts';
import { authentication, sessionCookie } from './identity/authentication.ts';
import { Authenticator } from './identity/authenticator.ts';
import { adminLink, joinLink, makeAdminLink, makeFirstTokens } from './identity/first-start.ts';
import { identityRoutes } from './identity/routes.ts';
import { announce } from './joining/announce.ts';
import { JoinCodes } from './joining/join-codes.ts';
import { joinCodeRoutes } from './joining/routes.ts';
import { syncCredentialRoutes } from './identity/sync-routes.ts';
import { finishRotation, openDataKey } from './identity/data-key.ts';
import { isDenial, isFailedSignIn } from './identity/denied.ts';
import { workerOf } from './identity/upgrade.ts';
import { launchRoutes } from './launch/routes.ts';
import { templateRoutes } from './launch/template-routes.ts';
import { Applier } from './merge/apply.ts';
import { conflictRoutes } from './merge/conflict-routes.ts';
import { connectCentral } from './merge/central.ts';
import { nameOrigin, ownOrigin } from './merge/origins.ts';
import { mergeRoutes } from './merge/routes.ts';
import { Upload } from './merge/upload.ts';
import { LoadMonitor } from './load/monitor.ts';
import { Mailer } from './mail/mailer.ts';
import { mailRoutes } from './mail/routes.ts';
import { smtpOf } from './mail/smtp.ts';
import { copyRoutes } from './offline/copy-routes.ts';
import { cancelAllRuns } from './offline/cancel-all.ts';
import { HomeComing, type BroughtHome } from './offline/homecoming.ts';
import { offlineRoutes } from './offline/offline-routes.ts';
import { openSync, readPromotion } from './offline/promotion.ts';
import { StatementSigner } from './offline/signer.ts';
import { startGivingUp } from './operations/fail-unservable.ts';
import { healthRoutes } from './operations/health.ts';
import { BUILT_DASHBOARD } from './operations/pages/dashboard.ts';
import { addPages, PAGES } from './operations/pages/routes.ts';
import { startTidying } from './operations/tidy.ts';
import { accountRoutes } from './people/account-routes.ts';
import { invitationRoutes } from './people/invitation-routes.ts';
import { ownTokenRoutes } from './people/own-token-routes.ts';
import { Passwords } from './people/passwords.ts';
import { providerRoutes } from './people/provider-routes.ts';
import { Providers } from './people/providers.ts';
import { peopleRoutes } from './people/people-routes.ts';
import { secondFactorRoutes } from './people/second-factor-routes.ts';
import { signInRoutes } from './people/sign-in-routes.ts';
import { openTotp } from './people/totp.ts';
import { teamRoutes } from './people/team-routes.ts';
import { ReportLoop } from './reports/report-loop.ts';
import { Policies } from './policies/policies.ts';
import { policyRoutes } from './policies/routes.ts';
import { secretRoutes } from './projects/secret-routes.ts';
import { openSecret, ProjectSecrets } from './projects/secrets.ts';
import { projectRoutes } from './projects/routes.ts';
import { reportRoutes } from './reports/routes.ts';
import { handleReports } from './results/handle-report.ts';
import { LiveView } from './results/live-view.ts';
import { LogWriter } from './results/logs.ts';
import { Redaction } from './results/redaction.ts';
import { resultRoutes } from './results/routes.ts';
import { timelineRoutes } from './results/timeline-routes.ts';
import { runRoutes } from './runs/routes.ts';
import { settingsRoutes } from './settings/routes.ts';
import { hostsIn } from './settings/rules.ts';
import { Settings } from './settings/settings.ts';
import { armFailpoint } from './storage/failpoint.ts';
import { migrations } from './storage/migrations.ts';
import { openDatabase } from './storage/open.ts';
import { openTls, startRenewing } from './tls.ts';
import { bulkWorkerRoutes } from './workers/bulk-routes.ts';
import { Presence } from './workers/presence.ts';
import { recordHeartbeat } from './workers/record-heartbeat.ts';
import { workerRoutes } from './workers/routes.ts';
import { setIntent } from './workers/set-intent.ts';
import pinnedKeys from '../resources/update-keys.json' with { type: 'json' };
import { feedRoutes } from './updates/feed-routes.ts';
import { updateRoutes } from './updates/routes.ts';
import { WithdrawnFiles } from './updates/withdrawn-files.ts';

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

const STOP_GRACE_MS = 5_000;
const DAY_MS = 86_400_000;

/** Rejects with an error that says what to mend: data in use, newer data, port taken, disk full. */
export async function startCoordinator(
  config: CoordinatorConfig,
  version: string,
  log: Logger,
): Promise<RunningCoordinator> {
  const clock = systemClock;
  const report = (error: unknown, during: string) => log.warn({ err: error }, `${during} failed`);
  const secure = config.tls !== null || config.publicUrl?.startsWith('https:') === true;
  // Whoever has told a browser to trust our own certificate must be able to do so again: HSTS forbids that.
  const hsts = secure && config.tls !== 'own';
  const cookie = sessionCookie(secure);
  if (config.failpoint) armFailpoint(config.failpoint);
  await mkdir(config.dataDir, { recursive: true, mode: 0o700 });
  const strategies = new Strategies({
    plugins: config.pluginsDir === null ? [] : await loadPlugins(config.pluginsDir),
    monotonic: () => clock.monotonic(),
    report,
  });
  const db = await openDatabase({ file: path.join(config.dataDir, 'playfleet.db'), migrations, clock, report });
  const stops: (() => unknown)[] = [() => db.close()];
  try {
    const tls = await openTls(config, clock.now());
    const pin = tls?.pin ?? null;
    const feed = await EventFeed.open(db, clock);
    stops.push(() => feed.close());
    const store = await BlobStore.open(path.join(config.dataDir, 'blobs'), db, clock);
    const promotion = await db.read(readPromotion);
    // A key that a stand-in replaced would open nothing at home.
    const keyLifeMs = () => (promotion === null && settings.values.worker_key_life_days * DAY_MS) || Infinity;
    const denials = new DenialLog({ db, clock, report });
    stops.push(() => denials.close());
    const keyFile = path.join(config.dataDir, 'secret.key');
    await finishRotation(keyFile, db);
    const dataKey = await openDataKey(keyFile);
    const settings = await Settings.open({
      db,
      key: dataKey.derive('settings'),
      strategies: strategies.names,
      onChange: () => {
        mailer.retryNow();
        dispatch.link.checkVersions().catch((error: unknown) => report(error, 'looking for agents that are too old'));
      },
      report,
    });
    let mailUrl = '';
    const smtp = () => smtpOf(settings.values);
    const mailer = new Mailer({
      db,
      clock,
      random: Math.random,
      smtp,
      language: () => settings.values.mail_language,
      url: () => mailUrl,
      key: dataKey.derive('mails'),
      report,
    });
    stops.push(() => mailer.stop());
    const policies = await Policies.open(db);
    const { id: originId } = await db.read(ownOrigin);
    const signer = new StatementSigner(dataKey.derive('promotion statements'));
    const secretsKey = dataKey.derive('secrets');
    const secrets = await ProjectSecrets.open({ db, key: secretsKey, report });
    const redaction = new Redaction({ db, clock, secrets, report });
    const sessionIdleMs = () => settings.values.session_idle_hours * 3_600_000;
    const authenticator = new Authenticator({ db, clock, sessionIdleMs, workerKeyLifeMs: keyLifeMs, report });
    const people = {
      db,
      clock,
      authenticator,
      secure,
      passwords: new Passwords(),
      totpKey: dataKey.derive('second factors'),
      mail: mailer,
      sessionLifeMs: () => settings.values.session_life_days * DAY_MS,
      sessionIdleMs,
    };
    const joinCodes = new JoinCodes({
      db,
      clock,
      key: dataKey.derive('join codes'),
      salt: dataKey.derive('salt of join codes'),
      // A proxy in front shows a certificate that is not ours.
      shownPin: tls?.shownPin ?? null,
      pin,
      name: os.hostname(),
    });
    const limits = new RateLimits({
      clock,
      limits: () => ({
        reads: settings.values.rate_limit_reads_per_minute,
        changes: settings.values.rate_limit_changes_per_minute,
        transfers: settings.values.rate_limit_transfers_per_minute,
        workerCalls: settings.values.rate_limit_worker_calls_per_minute,
        anonymous: settings.values.rate_limit_anonymous_per_minute,
        failedSignIns: settings.values.rate_limit_failed_sign_ins_per_minute,
      }),
    });
    const outbound = createOutbound({ privateHosts: () => hostsIn(settings.values.private_hosts) });
    const providers = new Providers(() => settings.values, outbound);
    const leaseMs = () => settings.values.worker_heartbeat_timeout_seconds * 1000;
    const runDefaults = () => ({
      maxRetries: settings.values.task_max_retries,
      taskTimeoutMs: settings.values.task_timeout_default_seconds * 1000,
    });
    stops.push(startTidying({ db, clock, report }));
    const inflow = new Inflow();
    const load = new LoadMonitor({
      db,
      clock,
      inflowBytes: () => inflow.bytes,
      onChange: () => dispatch.link.tellPace(),
      report,
    });
    stops.push(() => load.stop());
    const keepsHistory = () => !load.leavesOut('metrics');
    const logs = new LogWriter({ db, clock, load, log, report });
    stops.push(() => logs.close());
    stops.push(() => redaction.close());
    const live = new LiveView({ db, feed, fleet: () => dispatch.fleet, report });
    const presence = new Presence({
      db,
      clock,
      timeoutMs: leaseMs,
      onOffline: (w, workerId, reason, now) => dispatch.releaseAll(w, workerId, reason, now),
      report,
    });
    stops.push(() => presence.stop());
    const backups = { settings: () => backupSettings(settings.values, config.dataDir) };
    const waiting = await db.write((w) => takeUpRestored(w, clock.now()));
    if (waiting !== null) log.warn({ waiting }, 'this data was restored from a backup: what was held then waits again');
    const dispatch: Dispatch = await createDispatch({
      db,
      clock,
      coordinatorVersion: version,
      offline: { origin: originId, signingKey: signer.publicKey, actsFor: promotion?.central.origin ?? null },
      secrets,
      settings: () => ({
        enabled: settings.values.scheduler_enabled,
        strategy: settings.values.load_balancer_strategy,
        races: settings.values.race_stragglers,
        maxActiveRuns: settings.values.max_parallel_test_runs,
        leaseMs: leaseMs(),
        heartbeatMs: settings.values.worker_heartbeat_interval_seconds * 1000,
        keyLifeMs: Number.isFinite(keyLifeMs()) ? keyLifeMs() : null,
        minimumAgentVersion: settings.values.minimum_agent_version,
        failures: failureRules(settings.values),
      }),
      load,
      inflow,
      policies: () => policies.inForce,
      strategies,
      log,
      onReports: async (w, reports, fleet, now) => handleReports(w, await redaction.reports(w, reports), fleet, now),
      onHeartbeat: async (w, workerId, metrics, running, now) => {
        presence.heard(workerId);
        await recordHeartbeat(w, workerId, metrics, running, now, keepsHistory());
      },
      onIntent: setIntent,
      onProgress: (workerId, message) => {
        if (!load.leavesOut('live_views')) live.progress(workerId, message);
      },
      onLog: (workerId, message) =>
        redaction.log(workerId, message, (clean) => {
          for (const kept of logs.add(workerId, clean)) live.log(workerId, kept);
        }),
    });
    stops.push(() => dispatch.stop());
    stops.push(
      startGivingUp({
        db,
        clock,
        timeoutMs: () => settings.values.unservable_timeout_seconds * 1000,
        enabled: () => settings.values.scheduler_enabled,
        report,
      }),
    );
    const reports = new ReportLoop({
      db,
      clock,
      store,
      workDir: path.join(config.dataDir, 'reports'),
      nodePath: process.execPath,
      log,
    });
    stops.push(() => reports.stop());
    const keeper = await BackupKeeper.open({ db, clock, dataDir: config.dataDir, version, ...backups, report });
    stops.push(() => keeper.stop());
    const withdrawn = WithdrawnFiles.begin({ db, clock, store, report });
    stops.push(() => withdrawn.stop());
    await db.write((w) => nameOrigin(w, os.hostname()));
    const registers = { settings, policies, forget: () => authenticator.forget() };
    const applier = new Applier({ db, clock, registers, report });
    stops.push(() => applier.stop());
    const keys = { trees: dataKey.derive('content links'), files: dataKey.derive('attachment links') };
    const sync = promotion && openSync(promotion, dataKey.derive('bringing home'));
    const home =
      promotion &&
      (await HomeComing.open({
        db,
        clock,
        upload:
          sync === null
            ? null
            : (onChange) => {
                const central = connectCentral({ ...promotion.central, token: sync });
                return new Upload({
                  db,
                  store,
                  clock,
                  central,
                  schema: migrations.length,
                  random: Math.random,
                  onChange,
                });
              },
        cancelRuns: ({ actorName }) => cancelAllRuns(db, `the promotion was ended by ${actorName}`, () => clock.now()),
        sendHome: (reason) => dispatch.link.sendHome(reason),
      }));
    stops.push(() => home?.stop());
    const content = await createServer({
      fetch: createContentApp({ store, keys, clock, limits, hsts, log }).fetch,
      host: config.host,
      port: config.contentPort,
      tls: tls?.material ?? null,
      log,
      clock,
    });
    stops.push(() => content.stop(STOP_GRACE_MS));
    const contentUrl = (c: Context<AppEnv>, tree: string, file: string, lifeMs: number) =>
      `${originOn(c.req.url, content.port)}/c/${signContent({ sha256: tree, expiresAt: clock.now() + lifeMs }, keys.trees)}/${file}`;
    const fileUrl = (c: Context<AppEnv>, sha256: string, name: string, expiresAt: number) =>
      `${originOn(c.req.url, content.port)}/f/${signContent({ sha256, expiresAt }, keys.files)}/${encodeURIComponent(name)}`;
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
      api: [
        identityRoutes({ db, clock, authenticator, secure, pin }),
        joinCodeRoutes({ db, clock, codes: joinCodes }),
        signInRoutes(people),
        providerRoutes({
          ...people,
          providers,
          key: dataKey.derive('sign-in through providers'),
          publicUrl: config.publicUrl,
        }),
        accountRoutes(people),
        secondFactorRoutes(people),
        ownTokenRoutes({ ...people, pin }),
        invitationRoutes(people),
        peopleRoutes(people),
        teamRoutes(people),
        workerRoutes({
          db,
          clock,
          authenticator,
          settings: () => ({
            heartbeatIntervalSeconds: settings.values.worker_heartbeat_interval_seconds,
            heartbeatTimeoutSeconds: settings.values.worker_heartbeat_timeout_seconds,
            approval: settings.values.worker_approval,
          }),
          keepsHistory,
          onHeartbeat: async (w, workerId, now) => {
            presence.heard(workerId);
            await dispatch.renew(w, workerId, now);
          },
          releaseAll: (w, workerId, reason, now) => dispatch.releaseAll(w, workerId, reason, now),
          endLink: (workerId, reason) => dispatch.link.refuse(workerId, reason),
        }),
        copyRoutes({
          db,
          clock,
          origin: originId,
          schema: migrations.length,
          signer,
          opened: {
            totp: (sealed, personId) => openTotp(sealed, personId, people.totpKey),
            secret: (sealed, id) => openSecret(sealed, id, secretsKey),
          },
          secure,
        }),
        offlineRoutes({ db, origin: originId, home }),
        blobRoutes({ store, db, reach: new WorkerReach({ db, store }) }),
        backupRoutes({ db, clock, keeper, ...backups }),
        eventRoutes({ db, feed }),
        settingsRoutes({ db, clock, settings }),
        mailRoutes({ db, clock, mailer, smtp }),
        ...policyRoutes({ db, clock, policies, strategies: () => strategies.names }),
        auditRoutes({ db }),
        projectRoutes({ db }),
        secretRoutes({ db, clock, secrets }),
        runRoutes({ db, clock, defaults: runDefaults }),
        templateRoutes({ db, clock, defaults: runDefaults }),
        dispatchRoutes({
          db,
          clock,
          leaseMs: dispatch.leaseMs,
          policies: () => policies.inForce,
          onReports: dispatch.onReports,
          stops: dispatch.stops,
          secrets,
          keepingFree: dispatch.keepingFree,
          minimumAgentVersion: () => settings.values.minimum_agent_version,
        }),
        resultRoutes({ db, clock, redaction, fileUrl }),
        timelineRoutes({ db, clock }),
        reportRoutes({ db, clock, store, contentUrl }),
        testRoutes({ db, clock }),
        runAnalysisRoutes({ db }),
        screenshotRoutes({ db, clock, store }),
        launchRoutes({ db, clock }),
        bulkRunRoutes({ db, clock }),
        bulkWorkerRoutes({ db, clock }),
        metricRoutes({ db, clock, dataDir: config.dataDir, load, report }),
        updateRoutes({
          db,
          clock,
          store,
          keys: config.updateKeys ?? pinnedKeys.keys,
          minimumAgentVersion: () => settings.values.minimum_agent_version,
        }),
        feedRoutes({ db, store }),
        mergeRoutes({ db, clock, store, schema: migrations.length, applier }),
        conflictRoutes({ db, clock, registers }),
        syncCredentialRoutes({ db, clock, forget: () => authenticator.forget() }),
      ],
      pages: [
        healthRoutes({
          db,
          clock,
          version,
          dataDir: config.dataDir,
          contentPort: content.port,
          load,
          faults: () => strategies.faults,
          backups: () => keeper.standing(),
          report,
        }),
      ],
    });
    addPages(app, {
      version,
      sessionCookie: cookie,
      dashboard: { dir: BUILT_DASHBOARD, contentOrigin: (c) => originOn(c.req.url, content.port) },
    });
    refuseUndeclared(app, PAGES);
    const server = await createServer({
      fetch: app.fetch,
      host: config.host,
      port: config.port,
      tls: tls?.material ?? null,
      log,
      clock,
    });
    stops.push(() => server.stop(STOP_GRACE_MS));
    if (pin !== null) {
      const use = (material: TlsMaterial) => [server, content].forEach((each) => each.useCertificate(material));
      stops.push(startRenewing({ clock, open: (now) => openTls(config, now), use, report }));
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
      stops.push(announce({ ...said, port: server.port, report }));
    }
    const origin = (host: string) => config.publicUrl ?? `${tls ? 'https' : 'http'}://${host}:${server.port}`;
    const url = origin(hostInUrl(config.host));
    // Mails are read on other machines: there the name of this one says more than its loopback.
    mailUrl = origin(isEverywhere(config.host) ? os.hostname() : hostInUrl(config.host));
    mailer.wake();
    const tokens = await db.write((w) => makeFirstTokens(w, clock.now()));
    const link = config.newAdminLink && !tokens ? await db.write((w) => makeAdminLink(w, clock.now())) : null;
    // Outside the database, so that a rewritten audit log can be told from the one that was.
    const head = await db.read(readHead);
    log.info({ seq: head?.seq ?? 0, hash: head?.hash ?? '' }, 'the audit log stands here');
    return {
      url,
      pin,
      contentUrl: originOn(url, content.port),
      first: tokens && {
        adminLink: adminLink(url, withPin(tokens.adminLink, pin)),
        join: joinLink(url, withPin(tokens.join, pin)),
      },
      newAdminLink: link && adminLink(url, withPin(link, pin)),
      broughtHome: home?.broughtHome ?? new Promise<BroughtHome>(() => undefined),
      stop: () => undo(stops),
    };
  } catch (error) {
    await undo(stops);
    throw error;
  }
}

/** In reverse order: what was started last stops first. */
async function undo(stops: (() => unknown)[]): Promise<void> {
  for (let stop = stops.pop(); stop; stop = stops.pop()) await stop();
}

function originOn(url: string, port: number): string {
  const origin = new URL(url);
  origin.port = String(port);
  return origin.origin;
}

const isEverywhere = (host: string): boolean => host === '0.0.0.0' || host === '::';

/** An address that is bound to all interfaces is reached from here by loopback. */
const hostInUrl = (host: string) => (isEverywhere(host) ? 'localhost' : host.includes(':') ? `[${host}]` : host);
