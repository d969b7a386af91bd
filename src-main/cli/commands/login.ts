/** `playfleet login` and `logout`: which coordinator this user works with. */
import os from 'node:os';
import { z } from 'zod';
import { exchangeAnswer, whoAmI } from '../../../shared/protocol/rest/tokens.ts';
import { createApi } from '../api.ts';
import { printJson, printLine, type Cli } from '../cli.ts';
import { parseLink, readLogin, removeLogin, storeLogin, type Login } from '../credentials.ts';
import { CliFailure, EXIT } from '../failure.ts';
import { PassingFailure, RefusedFailure } from '../problem.ts';
import { foreignLine } from '../terminal/foreign.ts';

/** `link`: an admin link, which is spent, or an address with an api token behind `#`. Nothing is stored unless the coordinator accepts it. */
export async function login(cli: Cli, link: string, options: { json?: boolean }): Promise<number> {
  const { url, token, pin } = parseLink(link, 'The link');
  if (token === null)
    throw new CliFailure('The link has no token.', `Copy all of it, in quotes: playfleet login '${url}#TOKEN'`);
  if (token.startsWith('pfj_')) {
    throw new CliFailure(
      'This token enrols a worker, and lets nobody log in.',
      `Use it so: playfleet worker --join '${url}#TOKEN'`,
    );
  }
  const secret = token.startsWith('pfa_') ? await exchange(cli, { url, pin }, token) : token;
  const me = await createApi({ url, token: secret, pin, clock: cli.clock, random: cli.random }).get(
    '/api/v1/auth/me',
    whoAmI,
  );
  if (me.kind !== 'user')
    throw new CliFailure('This is the key of a worker.', 'Log in with a token from: playfleet token create --api');
  const file = await storeLogin(cli.config.configDir, { url, token: secret, pin });
  if (options.json) printJson(cli, { url, name: me.name, stored: file });
  else printLine(cli, `Logged in to ${url} as ${foreignLine(me.name)}.`);
  return EXIT.ok;
}

export async function exchange(cli: Cli, at: Pick<Login, 'url' | 'pin'>, token: string): Promise<string> {
  const api = createApi({ ...at, token: null, clock: cli.clock, random: cli.random });
  try {
    const name = `${os.userInfo().username}@${os.hostname()}`;
    return (await api.send('POST', '/api/v1/auth/exchange', { token, name }, exchangeAnswer)).token;
  } catch (error) {
    if (!(error instanceof RefusedFailure)) throw error;
    throw new CliFailure(
      `The link was not accepted: ${error.message}`,
      'Each link works once, for a while. Who is logged in makes another with: playfleet token create --admin-link',
      { cause: error },
    );
  }
}

/** Forgets the token here, and revokes it where the coordinator can be reached. */
export async function logout(cli: Cli, options: { json?: boolean }): Promise<number> {
  const stored = await readLogin(cli.config.configDir);
  let revoked = false;
  if (stored) {
    const api = createApi({ ...stored, clock: cli.clock, random: cli.random });
    try {
      await api.send('POST', '/api/v1/auth/logout', undefined, z.unknown());
      revoked = true;
    } catch (error) {
      if (!(error instanceof PassingFailure || error instanceof RefusedFailure)) throw error;
    }
  }
  await removeLogin(cli.config.configDir);
  if (options.json) printJson(cli, { url: stored?.url ?? null, revoked });
  else if (!stored) printLine(cli, 'Nobody was logged in.');
  else if (revoked) printLine(cli, `Logged out of ${stored.url}; the token works no longer.`);
  else
    printLine(
      cli,
      `Forgot the token for ${stored.url}. The coordinator did not answer: there the token still works until it is revoked.`,
    );
  return EXIT.ok;
}
