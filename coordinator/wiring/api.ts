/** The routes of all rooms, each with what it needs of the others. */
import pinnedKeys from '../../resources/update-keys.json' with { type: 'json' };
import { metricRoutes } from '../analytics/metric-routes.ts';
import { runAnalysisRoutes } from '../analytics/run-routes.ts';
import { screenshotRoutes } from '../analytics/screenshot-routes.ts';
import { testRoutes } from '../analytics/test-routes.ts';
import { blobRoutes } from '../artifacts/routes.ts';
import { WorkerReach } from '../artifacts/worker-reach.ts';
import { auditRoutes } from '../audit/routes.ts';
import { backupRoutes } from '../backups/routes.ts';
import { bulkRunRoutes } from '../dispatch/bulk-routes.ts';
import { pollRoutes } from '../dispatch/poll-routes.ts';
import { dispatchRoutes } from '../dispatch/routes.ts';
import { eventRoutes } from '../events/routes.ts';
import type { Router } from '../http/router.ts';
import { identityRoutes } from '../identity/routes.ts';
import { syncCredentialRoutes } from '../identity/sync-routes.ts';
import { joinCodeRoutes } from '../joining/routes.ts';
import { launchRoutes } from '../launch/routes.ts';
import { templateRoutes } from '../launch/template-routes.ts';
import { mailRoutes } from '../mail/routes.ts';
import { conflictRoutes } from '../merge/conflict-routes.ts';
import { mergeRoutes } from '../merge/routes.ts';
import { copyRoutes } from '../offline/copy-routes.ts';
import { offlineRoutes } from '../offline/offline-routes.ts';
import type { StatementSigner } from '../offline/signer.ts';
import { accountRoutes } from '../people/account-routes.ts';
import { invitationRoutes } from '../people/invitation-routes.ts';
import { ownTokenRoutes } from '../people/own-token-routes.ts';
import { peopleRoutes } from '../people/people-routes.ts';
import { providerRoutes } from '../people/provider-routes.ts';
import { secondFactorRoutes } from '../people/second-factor-routes.ts';
import { signInRoutes } from '../people/sign-in-routes.ts';
import { teamRoutes } from '../people/team-routes.ts';
import { openTotp } from '../people/totp.ts';
import { policyRoutes } from '../policies/routes.ts';
import { projectRoutes } from '../projects/routes.ts';
import { secretRoutes } from '../projects/secret-routes.ts';
import { openSecret } from '../projects/secrets.ts';
import { reportRoutes } from '../reports/routes.ts';
import { resultRoutes } from '../results/routes.ts';
import { timelineRoutes } from '../results/timeline-routes.ts';
import { runRoutes } from '../runs/routes.ts';
import { settingsRoutes } from '../settings/routes.ts';
import { migrations } from '../storage/migrations.ts';
import { feedRoutes } from '../updates/feed-routes.ts';
import { updateRoutes } from '../updates/routes.ts';
import { bulkWorkerRoutes } from '../workers/bulk-routes.ts';
import { ownRoutes } from '../workers/own-routes.ts';
import { workerRoutes } from '../workers/routes.ts';
import type { Access } from './access.ts';
import type { Background } from './background.ts';
import type { Content } from './content.ts';
import type { Data } from './data.ts';
import type { Engine } from './engine.ts';
import type { Start } from './start.ts';

export interface ApiParts {
  data: Data;
  access: Access;
  engine: Engine;
  background: Background;
  content: Content;
  signer: StatementSigner;
}

/** Routers of the rooms, to be mounted under /api/v1. */
export function apiRoutes({ config, clock, report }: Start, parts: ApiParts): Router[] {
  const { data, access, engine, background, content, signer } = parts;
  const { db, feed, store, dataKey, settings, policies, secrets, secretsKey, originId } = data;
  const { people, authenticator, secure } = access;
  const { dispatch, load, presence, redaction, strategies, keepsHistory } = engine;
  const { keeper, backups, registers, applier, home } = background;
  const pin = data.tls?.pin ?? null;
  const runDefaults = () => ({
    maxRetries: settings.values.task_max_retries,
    taskTimeoutMs: settings.values.task_timeout_default_seconds * 1000,
  });
  return [
    identityRoutes({ db, clock, authenticator, secure, pin }),
    joinCodeRoutes({ db, clock, codes: access.joinCodes }),
    signInRoutes(people),
    providerRoutes({
      ...people,
      providers: access.providers,
      key: dataKey.derive('sign-in through providers'),
      publicUrl: config.publicUrl,
    }),
    accountRoutes(people),
    secondFactorRoutes(people),
    ownTokenRoutes({ ...people, pin }),
    invitationRoutes(people),
    peopleRoutes(people),
    teamRoutes(people),
    ownRoutes({
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
      endLink: (workerId, reason) => dispatch.link.refuse(workerId, reason),
    }),
    workerRoutes({ db, clock, authenticator, releaseAll: dispatch.releaseAll }),
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
    mailRoutes({ db, clock, mailer: access.mailer, smtp: access.smtp }),
    ...policyRoutes({ db, clock, policies, strategies: () => strategies.names }),
    auditRoutes({ db }),
    projectRoutes({ db }),
    secretRoutes({ db, clock, secrets }),
    runRoutes({ db, clock, defaults: runDefaults }),
    templateRoutes({ db, clock, defaults: runDefaults }),
    pollRoutes({
      db,
      clock,
      leaseMs: dispatch.leaseMs,
      policies: () => policies.inForce,
      onReports: dispatch.onReports,
      secrets,
      keepingFree: dispatch.keepingFree,
      minimumAgentVersion: () => settings.values.minimum_agent_version,
    }),
    dispatchRoutes({ db, clock, stops: dispatch.stops }),
    resultRoutes({ db, clock, redaction, fileUrl: content.fileUrl }),
    timelineRoutes({ db, clock }),
    reportRoutes({ db, clock, store, contentUrl: content.treeUrl }),
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
  ];
}
