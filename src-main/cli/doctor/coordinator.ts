/** Looks at the coordinator: reachable, lets this user in, has the same time and workers. */
import { whoAmI } from '../../../shared/protocol/rest/tokens.ts';
import { createApi } from '../api.ts';
import type { Cli } from '../cli.ts';
import { readWorkers } from '../commands/workers.ts';
import { findCredentials } from '../credentials.ts';
import { CliFailure } from '../failure.ts';
import { counted, duration } from '../terminal/format.ts';
import { failed, ok, skipped, type Finding } from './check.ts';

/** Leases go by the coordinator's clock alone, so a difference breaks nothing; beyond this, times on screen confuse. */
const MOST_DIFFERENCE_MS = 30_000;

export async function checkCoordinator(cli: Cli): Promise<Finding[]> {
  try {
    const { url, token, pin } = await findCredentials(cli.config);
    const api = createApi({ url, token, pin, clock: cli.clock, random: cli.random, timeoutMs: 5000 });
    const before = cli.clock.now();
    const response = await api.open('/api/v1/auth/me', { accept: 'application/json' });
    const after = cli.clock.now();
    const me = whoAmI.parse(await response.json());
    const workers = await readWorkers(api);
    const online = workers.filter((worker) => worker.status !== 'offline').length;
    return [
      ok('Coordinator', `${url}, as ${me.name}`),
      encryptionFinding(url, pin),
      clockFinding(response.headers.get('date'), before, after),
      online > 0
        ? ok('Workers', `${online} of ${counted(workers.length, 'worker')} online`)
        : failed(
            'Workers',
            'none online',
            'Start one: playfleet worker, with a token from playfleet token create --join',
          ),
    ];
  } catch (error) {
    if (!(error instanceof CliFailure)) throw error;
    return [failed('Coordinator', error.message, error.mend)];
  }
}

function encryptionFinding(url: string, pin: string | null): Finding {
  if (pin !== null) return ok('Encryption', `https, by its own certificate, known by the pin ${pin}`);
  if (url.startsWith('https:')) return ok('Encryption', 'https, by a certificate that this system trusts');
  const { hostname } = new URL(url);
  return /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname)
    ? ok('Encryption', 'none needed: it is on this machine')
    : // A tunnel below may encrypt; nothing here can tell.
      skipped('Encryption', 'none: tokens and reports can be read on the way; start the coordinator with --tls');
}

/** The header counts whole seconds. */
function clockFinding(date: string | null, before: number, after: number): Finding {
  const theirs = Date.parse(date ?? '');
  if (Number.isNaN(theirs))
    return failed(
      'Clock',
      'the coordinator told no time',
      'Something between here and the coordinator takes its headers away.',
    );
  const difference = theirs > after ? theirs - after : Math.max(0, before - (theirs + 1000));
  return difference <= MOST_DIFFERENCE_MS
    ? ok(
        'Clock',
        difference === 0 ? 'the same as the coordinator' : `${duration(difference)} apart from the coordinator`,
      )
    : failed(
        'Clock',
        `${duration(difference)} apart from the coordinator`,
        'Let both machines set their time from the network.',
      );
}
