/** Makes this machine the coordinator: from its warm copy, or from where an earlier promotion of it was left. */
import os from 'node:os';
import type { Logger } from 'pino';
import { readFailpoint, type CoordinatorConfig } from '../../../coordinator/config.ts';
import type { RunningCoordinator } from '../../../coordinator/main.ts';
import { makePromoted, OlderProgram, removePromoted } from '../../../coordinator/promote.ts';
import { statementClaims } from '../../../shared/protocol/offline/promotion.ts';
import type { WarmCopy } from '../../../shared/protocol/offline/warm-copy.ts';
import type { AgentConfig } from '../../agent/config.ts';
import type { CopyKeys } from '../../agent/offline/copy-key.ts';
import { readCopyState, type CopyState } from '../../agent/offline/copy-state.ts';
import { placesIn } from '../../agent/offline/places.ts';
import { openPromotionKey, readSync } from '../../agent/offline/promotion-key.ts';
import { CopyError, readCopy } from '../../agent/offline/sealed-copy.ts';
import { openCoordinator } from '../commands/coordinator.ts';
import { CliFailure } from '../failure.ts';
import { newFolder, unfinishedPromotion } from './folders.ts';

export interface PromoteOptions {
  /** Of the worker on this machine; `own`: the folder of the coordinator that it works for. `copyKey`: given; null: a file holds it. */
  worker: Pick<AgentConfig, 'runAs' | 'copyKeyFile'> & { own: string; copyKey: Uint8Array | null };
  /** `port` null: 4800, or any free one where that is taken. */
  serve: Pick<CoordinatorConfig, 'host' | 'logLevel'> & { port: number | null; contentPort: number | null };
  /**
   * Whether values of secrets that are in the copy are opened on this machine. Asked only where there are some; `explained` says in words what that
   * means here.
   */
  mayOpenSecrets: (explained: string, runsAsOther: boolean) => Promise<boolean>;
  now: number;
  log: Logger;
}

export interface Promoted {
  running: RunningCoordinator;
  folder: string;
  state: CopyState;
  /** An earlier promotion goes on. */
  resumed: boolean;
}

const PORT = 4800;

/** @throws CliFailure that says what is missing and how to get it. */
export async function promote(options: PromoteOptions): Promise<Promoted> {
  const { worker, serve, now, log } = options;
  const places = placesIn(worker.own);
  const state = await readCopyState(places.copyState);
  if (state === null) throw noCopy();
  const before = await unfinishedPromotion(places.promoted, log).catch((error: unknown) => {
    if ((error as Error).name !== 'StorageLockedError') throw error;
    throw new CliFailure(
      'This machine is promoted already.',
      'End it and bring everything home with: playfleet demote',
      {
        cause: error,
      },
    );
  });
  const folder = before ?? (await makeNew(options, state));
  const config: CoordinatorConfig = {
    host: serve.host,
    port: serve.port ?? PORT,
    contentPort: serve.contentPort ?? (serve.port === null ? PORT + 1 : serve.port === 0 ? 0 : serve.port + 1),
    dataDir: folder,
    publicUrl: null,
    tls: 'own',
    pluginsDir: null,
    announce: !/^(127\.|localhost$|::1$)/.test(serve.host),
    newAdminLink: true,
    failpoint: readFailpoint(),
    logLevel: serve.logLevel,
  };
  const running = await openCoordinator(config).catch((error: unknown) => {
    const isTaken = (error as { cause?: NodeJS.ErrnoException }).cause?.code === 'EADDRINUSE';
    if (!isTaken || serve.port !== null) throw error;
    return openCoordinator({ ...config, port: 0, contentPort: 0 });
  });
  log.debug({ at: now }, 'promoted');
  return { running, folder, state, resumed: before !== null };
}

const noCopy = () =>
  new CliFailure(
    'This machine keeps no copy of its coordinator, so it cannot stand in for it.',
    'While the coordinator is there, an admin permits one: playfleet copies allow NAME. The worker on this machine then fetches it. Where the desktop app works here, stand in from its tray.',
  );

async function makeNew(options: PromoteOptions, state: CopyState): Promise<string> {
  const { worker, mayOpenSecrets, now, log } = options;
  const places = placesIn(worker.own);
  const { expires_at: until } = statementClaims.parse(JSON.parse(state.statement.claims));
  if (until <= now) {
    throw new CliFailure(
      `The word of the coordinator that this machine may stand in for it ended on ${new Date(until).toISOString()}.`,
      'It is renewed by itself whenever the worker on this machine reaches the coordinator.',
    );
  }
  const copy = await openOwnCopy(places.copy, { given: worker.copyKey, file: worker.copyKeyFile ?? places.copyKey });
  const runsAsOther = worker.runAs !== null;
  const withSecrets =
    (copy.secrets?.length ?? 0) > 0 && (await mayOpenSecrets(explainSecrets(copy, worker.runAs), runsAsOther));
  const { pem } = await openPromotionKey(places.promotionKey);
  const folder = await newFolder(places.promoted, now);
  try {
    await makePromoted(
      {
        dataDir: folder,
        copy,
        copiedAt: state.fresh_at,
        withSecrets,
        central: { url: state.central.url, pin: state.central.pin },
        machine: state.worker,
        keyPem: pem,
        statement: state.statement,
        sync: await readSync(places.sync, state.central.url),
      },
      log,
    );
  } catch (error) {
    await removePromoted(folder);
    if (error instanceof OlderProgram) throw new CliFailure(error.message);
    throw error;
  }
  return folder;
}

async function openOwnCopy(file: string, keys: CopyKeys): Promise<WarmCopy> {
  try {
    const copy = await readCopy(file, keys);
    if (copy === null) throw noCopy();
    return copy;
  } catch (error) {
    if (error instanceof CopyError) throw new CliFailure(`${sentence(error.message)}.`, '', { cause: error });
    throw error;
  }
}

/** What it means to open secrets on this very machine. */
function explainSecrets({ secrets }: WarmCopy, runAs: string | null): string {
  const count = secrets?.length ?? 0;
  return runAs === null
    ? `The copy holds ${count} secrets of projects. This machine also runs tests, as the same user: a malicious test could read them all, also those of other projects. Safer is a worker that runs tests as a user of their own (--run-as).`
    : `The copy holds ${count} secrets of projects. Tests on this machine run as ${runAs}, who cannot read them; each test still gets those of its own project.`;
}

const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** Addresses under which others in the network reach a coordinator that listens there. */
export function addressesOf(host: string, port: number): string[] {
  const isEverywhere = host === '0.0.0.0' || host === '::';
  const own = Object.values(os.networkInterfaces())
    .flatMap((each) => each ?? [])
    .filter(({ family, internal }) => family === 'IPv4' && !internal)
    .map(({ address }) => address);
  const hosts = isEverywhere ? own : [host];
  return hosts.map((each) => `https://${each.includes(':') ? `[${each}]` : each}:${port}`);
}
