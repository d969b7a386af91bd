/** `playfleet people`: who has an account, and how they come to one. */
import { z } from 'zod';
import { page } from '../../../shared/protocol/rest/common.ts';
import {
  invitation,
  invited,
  person,
  resetLink,
  type Invitation,
  type Person,
} from '../../../shared/protocol/rest/people.ts';
import type { Role } from '../../../shared/protocol/rest/roles.ts';
import type { Api } from '../api.ts';
import { printJson, printLine, styleOf, type Cli } from '../cli.ts';
import { CliFailure, EXIT } from '../failure.ts';
import { openApi } from '../open-api.ts';
import { foreignLine } from '../terminal/foreign.ts';
import { tableLines } from '../terminal/table.ts';

interface Json {
  json?: boolean;
}

const done = z.object({ message: z.string() });

/** All pages of a list. */
async function all<S extends z.ZodType>(api: Api, path: string, item: S): Promise<z.output<S>[]> {
  const items: z.output<S>[] = [];
  let cursor: string | null = null;
  do {
    const query: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const answer = await api.get(`${path}?limit=500${query}`, page(item));
    items.push(...(answer.items as z.output<S>[]));
    cursor = answer.next_cursor;
  } while (cursor !== null);
  return items;
}

export async function listPeople(cli: Cli, { json }: Json): Promise<number> {
  const api = await openApi(cli);
  const people = await all(api, '/api/v1/people', person);
  const invitations = await all(api, '/api/v1/people/invitations', invitation);
  if (json) {
    printJson(cli, { people, invitations });
    return EXIT.ok;
  }
  const style = styleOf(cli);
  const width = cli.stdout.columns ?? 120;
  const columns = [
    { title: 'E-MAIL', value: (one: Person) => foreignLine(one.email), flexible: true },
    { title: 'NAME', value: (one: Person) => foreignLine(one.name), flexible: true },
    { title: 'MAY', value: rights },
    { title: 'CODE', value: (one: Person) => (one.second_factor ? 'yes' : 'no') },
    {
      title: 'LAST SIGN-IN',
      value: (one: Person) => (one.last_sign_in_at === null ? '' : localTime(one.last_sign_in_at)),
    },
  ];
  if (people.length === 0) printLine(cli, 'Nobody has an account yet: playfleet people invite E-MAIL');
  else for (const line of tableLines(people, columns, style, width)) printLine(cli, line);
  if (invitations.length === 0) return EXIT.ok;
  printLine(cli, '');
  const open = [
    { title: 'INVITED', value: (one: Invitation) => foreignLine(one.email), flexible: true },
    {
      title: 'AS',
      value: (one: Invitation) => (one.team === null ? 'admin' : `${one.role} in ${foreignLine(one.team)}`),
    },
    { title: 'BY', value: (one: Invitation) => foreignLine(one.created_by), flexible: true },
    { title: 'UNTIL', value: (one: Invitation) => localTime(one.expires_at) },
  ];
  for (const line of tableLines(invitations, open, style, width)) printLine(cli, line);
  return EXIT.ok;
}

/** The link alone goes to stdout, so that scripts can take it. */
export async function invitePerson(
  cli: Cli,
  email: string,
  { role, team, admin, json }: Json & { role: Role; team: string; admin?: boolean },
): Promise<number> {
  const api = await openApi(cli);
  const body = admin ? { email, role: 'admin', team: null } : { email, role, team };
  const made = await api.send('POST', '/api/v1/people/invitations', body, invited);
  if (json) printJson(cli, made);
  else {
    const how = made.mailed
      ? 'it is on its way to them by mail'
      : 'nobody is written to, pass it on by a way that you trust';
    cli.stderr.write(`For ${foreignLine(made.email)}; ${how} (works once, until ${localTime(made.expires_at)}):\n`);
    printLine(cli, here(api, made.link));
  }
  return EXIT.ok;
}

export async function removePerson(cli: Cli, email: string, { json }: Json): Promise<number> {
  const api = await openApi(cli);
  const wanted = email.toLowerCase();
  const found = (await all(api, '/api/v1/people', person)).find((one) => one.email === wanted);
  const invitations = found ? [] : await all(api, '/api/v1/people/invitations', invitation);
  const paths = found
    ? [`/api/v1/people/${found.id}`]
    : invitations.filter((one) => one.email === wanted).map((one) => `/api/v1/people/invitations/${one.id}`);
  if (paths.length === 0) throw unknownPerson(email);
  for (const path of paths) {
    const { message } = await api.send('DELETE', path, undefined, done);
    if (!json) printLine(cli, foreignLine(message));
  }
  if (json) printJson(cli, { email: wanted, removed: true });
  return EXIT.ok;
}

export async function resetPerson(
  cli: Cli,
  email: string,
  { secondFactor, json }: Json & { secondFactor?: boolean },
): Promise<number> {
  const api = await openApi(cli);
  const found = (await all(api, '/api/v1/people', person)).find((one) => one.email === email.toLowerCase());
  if (!found) throw unknownPerson(email);
  if (secondFactor) {
    const { message } = await api.send('DELETE', `/api/v1/people/${found.id}/second-factor`, undefined, done);
    if (json) printJson(cli, { email: found.email, second_factor: false });
    else printLine(cli, foreignLine(message));
    return EXIT.ok;
  }
  const made = await api.send('POST', `/api/v1/people/${found.id}/reset-link`, undefined, resetLink);
  if (json) printJson(cli, made);
  else {
    cli.stderr.write(`For ${foreignLine(found.email)} (works once, until ${localTime(made.expires_at)}):\n`);
    printLine(cli, here(api, made.link));
  }
  return EXIT.ok;
}

const unknownPerson = (email: string) =>
  new CliFailure(`Nobody here has the e-mail ${foreignLine(email)}.`, 'playfleet people list shows who there is.');

function rights(one: Person): string {
  if (one.admin) return 'admin';
  return one.teams.map((team) => `${team.role} in ${foreignLine(team.name)}`).join(', ');
}

/** Through a proxy or from another machine the coordinator may have another address than it knows of. */
const here = (api: Api, link: string): string => api.url + new URL(link).pathname + new URL(link).hash;

const localTime = (iso: string): string =>
  new Date(iso).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
