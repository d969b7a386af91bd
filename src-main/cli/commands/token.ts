/** `playfleet token`: makes, lists and revokes what lets people, programs and workers in. */
import { z } from 'zod';
import { page } from '../../../shared/protocol/rest/common.ts';
import type { Role } from '../../../shared/protocol/rest/roles.ts';
import { token, tokenCreated, type Token, type TokenKind } from '../../../shared/protocol/rest/tokens.ts';
import { printJson, printLine, styleOf, type Cli } from '../cli.ts';
import { openApi } from '../open-api.ts';
import { EXIT } from '../failure.ts';
import { milliseconds } from '../run/quantities.ts';
import { foreignLine } from '../terminal/foreign.ts';
import { tableLines } from '../terminal/table.ts';

export interface TokenOptions {
  kind: TokenKind;
  name?: string;
  role?: Role;
  team?: string;
  expires?: string;
  json?: boolean;
}

/** The secret alone goes to stdout, so that scripts can take it; what it is for goes to stderr. */
export async function createToken(cli: Cli, { kind, name, role, team, expires, json }: TokenOptions): Promise<number> {
  const api = await openApi(cli);
  const body = {
    kind,
    ...(name === undefined ? {} : { name }),
    ...(role === undefined ? {} : { role }),
    ...(team === undefined ? {} : { team }),
    ...(expires === undefined
      ? {}
      : { expires_in_seconds: Math.round(milliseconds('--expires', expires, 1000) / 1000) }),
  };
  const made = await api.send('POST', '/api/v1/tokens', body, tokenCreated);
  if (json) {
    printJson(cli, made);
    return EXIT.ok;
  }
  const until = made.expires_at === null ? 'does not expire' : `works until ${localTime(made.expires_at)}`;
  const use = {
    join: 'Enrols one worker, once. On its machine: playfleet worker --join with',
    admin_link: 'Lets one person in, once, in a browser or with playfleet login:',
    api: `For PLAYFLEET_TOKEN, as ${made.role ?? 'admin'}; shown only now:`,
  }[kind];
  cli.stderr.write(`${use} (${until})\n`);
  // Through a proxy or from another machine the coordinator may have another address than it knows of.
  printLine(cli, made.link === null ? made.token : made.link.replace(/^[^#]*?(?=#|\/welcome#)/, api.url));
  return EXIT.ok;
}

export async function listTokens(cli: Cli, { json }: { json?: boolean }): Promise<number> {
  const api = await openApi(cli);
  const { items } = await api.get('/api/v1/tokens?limit=200', page(token));
  if (json) {
    printJson(cli, items);
    return EXIT.ok;
  }
  const columns = [
    { title: 'ID', value: (one: Token) => one.id },
    { title: 'KIND', value: (one: Token) => one.kind },
    { title: 'ROLE', value: (one: Token) => one.role ?? '' },
    { title: 'STATE', value: (one: Token) => one.state },
    { title: 'NAME', value: (one: Token) => foreignLine(one.name), flexible: true },
    { title: 'EXPIRES', value: (one: Token) => (one.expires_at === null ? 'never' : localTime(one.expires_at)) },
  ];
  for (const line of tableLines(items, columns, styleOf(cli), cli.stdout.columns ?? 120)) printLine(cli, line);
  return EXIT.ok;
}

export async function revokeToken(cli: Cli, id: string, { json }: { json?: boolean }): Promise<number> {
  const api = await openApi(cli);
  const answer = await api.send(
    'DELETE',
    `/api/v1/tokens/${encodeURIComponent(id)}`,
    undefined,
    z.object({ message: z.string() }),
  );
  if (json) printJson(cli, { id, revoked: true });
  else printLine(cli, foreignLine(answer.message));
  return EXIT.ok;
}

const localTime = (iso: string): string =>
  new Date(iso).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
