/** From a link or a code to a coordinator that this computer may work for. */
import os from 'node:os';
import { z } from 'zod';
import type { Clock } from '../../../shared/base/clock.ts';
import type { JoinWay } from '../../../shared/protocol/desktop/wizard.ts';
import { withPin } from '../../../shared/protocol/pin.ts';
import { exchangeAnswer, tokenCreated } from '../../../shared/protocol/rest/tokens.ts';
import { createApi } from '../../cli/api.ts';
import { parseLink } from '../../cli/credentials.ts';
import { CliFailure, messageOf } from '../../cli/failure.ts';
import { JoinRefused } from '../../joining/join-by-code.ts';
import type { Joining } from './ports.ts';
import { DesktopRefusal } from './refusal.ts';

const health = z.object({ status: z.literal('ok'), version: z.string(), content_port: z.int().optional() });

/** A coordinator that answered, and what this computer has for it. */
export interface Found {
  name: string;
  /** Without a slash at its end. */
  url: string;
  pin: string | null;
  contentUrl: string | null;
  /** Of the link. */
  token: string;
}

export interface EnrolmentDeps {
  clock: Clock;
  random: () => number;
  joining: Joining;
}

/** @throws DesktopRefusal that names the field: the link or code is damaged, or nobody answers there. */
export async function lookAt(join: JoinWay, deps: EnrolmentDeps): Promise<Found> {
  const link = join.by === 'link' ? join.link : await redeemed(join, deps);
  const field = join.by;
  let parsed: ReturnType<typeof parseLink>;
  try {
    parsed = parseLink(link, 'The link');
  } catch (error) {
    if (!(error instanceof CliFailure)) throw error;
    throw new DesktopRefusal('bad_link', [error.message, error.mend].join(' ').trim(), field);
  }
  const { url, pin, token } = parsed;
  if (token === null)
    throw new DesktopRefusal('bad_link', 'The link has no token behind its #. Copy all of it.', field);
  return { name: new URL(url).host, url, pin, token, contentUrl: await contentUrlOf({ url, pin }, field, deps) };
}

/** Asks whether a coordinator is there, and where its attachments come from; null: it does not say. @throws DesktopRefusal: nobody is there. */
export async function contentUrlOf(
  at: { url: string; pin: string | null },
  field: string,
  deps: Pick<EnrolmentDeps, 'clock' | 'random'>,
): Promise<string | null> {
  const { clock, random } = deps;
  try {
    const { content_port: port } = await createApi({ ...at, token: null, clock, random }).get('/healthz', health);
    if (port === undefined) return null;
    const content = new URL(at.url);
    content.port = String(port);
    return content.origin;
  } catch (error) {
    throw new DesktopRefusal('no_coordinator', `No coordinator answers at ${at.url}: ${messageOf(error)}`, field, {
      cause: error,
    });
  }
}

async function redeemed(
  { address, code }: Extract<JoinWay, { by: 'code' }>,
  { joining }: EnrolmentDeps,
): Promise<string> {
  try {
    return await joining.redeem({ address, code });
  } catch (error) {
    if (!(error instanceof JoinRefused)) throw error;
    const message = [error.message, error.mend].filter(Boolean).join(' ');
    throw new DesktopRefusal(error.code, message, error.field, { cause: error });
  }
}

/** What lets the agent enrol, and what the app may ask in the name of its person; null where the link does not give it. */
export interface Rights {
  join: string | null;
  apiToken: string | null;
}

/**
 * A join token is for the agent. An admin link or an API token is for a person, and makes a join token on the way, where its role allows.
 * @throws DesktopRefusal or CliFailure in the coordinator's own words.
 */
export async function rightsOf({ url, pin, token }: Found, isEnrolled: boolean, deps: EnrolmentDeps): Promise<Rights> {
  if (token.startsWith('pfj_')) return { join: `${url}#${withPin(token, pin)}`, apiToken: null };
  const { clock, random } = deps;
  const name = `${os.userInfo().username}@${os.hostname()}`;
  const api = createApi({ url, pin, token: null, clock, random });
  const apiToken = token.startsWith('pfa_')
    ? (await api.send('POST', '/api/v1/auth/exchange', { token, name }, exchangeAnswer)).token
    : token;
  if (isEnrolled) return { join: null, apiToken };
  const asPerson = createApi({ url, pin, token: apiToken, clock, random });
  const made = await asPerson.send('POST', '/api/v1/tokens', { kind: 'join', name }, tokenCreated);
  // Tokens that the API makes hold the pin already.
  return { join: `${url}#${made.token}`, apiToken };
}
