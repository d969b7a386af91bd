/** Whether whoever is at an address stands in for our coordinator. Nothing of ours is shown to it before that is proven. */
import type { Clock } from '../../../shared/base/clock.ts';
import { promotionShown, type PromotionStatement } from '../../../shared/protocol/offline/promotion.ts';
import { whoAmI } from '../../../shared/protocol/rest/tokens.ts';
import { unknownThere } from '../../agent/offline/rules.ts';
import { checkStatement } from '../../agent/offline/statement.ts';
import { seenPin } from '../../transfer/pinned.ts';
import { createApi } from '../api.ts';
import { parseLink } from '../credentials.ts';
import { CliFailure, messageOf } from '../failure.ts';
import { RefusedFailure } from '../problem.ts';
import { foreignLine } from '../terminal/foreign.ts';

const CONNECT_MS = 10_000;

export interface Proven {
  origin: string;
  /** Of the machine that was promoted. */
  name: string;
  /** Without a slash at its end. */
  url: string;
  pin: string;
  statement: PromotionStatement;
}

/**
 * `where`: `https://host:port`, with its pin behind a # or without; `home`: what our coordinator has said of itself.
 * @throws CliFailure in words: nobody is there, or an impostor, or one that is ending.
 */
export async function proveStandIn(
  where: string,
  home: { origin: string; signingKey: string },
  { clock, random }: { clock: Clock; random: () => number },
): Promise<Proven> {
  const { url, pin: given } = parseLink(where, 'The address');
  if (!url.startsWith('https:'))
    throw new CliFailure('A promoted coordinator is reached encrypted.', 'Begin it with https://.');
  const pin = await seenPin(url, CONNECT_MS).catch((error: unknown) => {
    throw new CliFailure(
      `There is no coordinator at ${url}: ${messageOf(error)}.`,
      'Is the address right, and are both in one network?',
    );
  });
  if (given !== null && given !== pin)
    throw new CliFailure(
      `${url} shows another certificate than the address says.`,
      'Copy the address anew from the promoted machine.',
    );
  const api = createApi({ url, token: null, pin, clock, random, timeoutMs: CONNECT_MS });
  const { origin, statement, draining } = await api.get('/api/v1/promotion', promotionShown, { tries: 1 });
  const checked = checkStatement(statement, { ...home, pin, now: clock.now() });
  if ('problem' in checked) throw new CliFailure(`Not switched: ${checked.problem}.`);
  const name = foreignLine(checked.claims.machine.name);
  if (draining) throw new CliFailure(`${name} is ending its promotion, and takes no more workers.`);
  return { origin, name: checked.claims.machine.name, url, pin, statement };
}

/** Throws where its copy of our coordinator is older than this worker's key: then the worker would be sent away. */
export async function requireKnown(
  { name, url, pin }: Pick<Proven, 'name' | 'url' | 'pin'>,
  apiKey: string,
  { clock, random }: { clock: Clock; random: () => number },
): Promise<void> {
  const api = createApi({ url, token: apiKey, pin, clock, random, timeoutMs: CONNECT_MS });
  try {
    await api.get('/api/v1/auth/me', whoAmI);
  } catch (error) {
    if (!(error instanceof RefusedFailure) || error.status !== 401) throw error;
    const { message, mend } = unknownThere({ name, url });
    throw new CliFailure(`Not switched: ${message}.`, mend, { cause: error });
  }
}
