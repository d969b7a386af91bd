/** `playfleet teams`: whose projects are kept apart. */
import { items, team, type Team } from '../../../shared/protocol/rest/people.ts';
import { printJson, printLine, styleOf, type Cli } from '../cli.ts';
import { EXIT } from '../failure.ts';
import { openApi } from '../open-api.ts';
import { foreignLine } from '../terminal/foreign.ts';
import { tableLines } from '../terminal/table.ts';

export async function listTeams(cli: Cli, { json }: { json?: boolean }): Promise<number> {
  const api = await openApi(cli);
  const { items: teams } = await api.get('/api/v1/teams', items(team));
  if (json) {
    printJson(cli, teams);
    return EXIT.ok;
  }
  const columns = [
    { title: 'NAME', value: (one: Team) => foreignLine(one.name), flexible: true },
    { title: 'YOU', value: (one: Team) => one.role },
    { title: 'MEMBERS', value: (one: Team) => String(one.members) },
    { title: 'PROJECTS', value: (one: Team) => String(one.projects) },
    { title: 'ID', value: (one: Team) => one.id },
  ];
  for (const line of tableLines(teams, columns, styleOf(cli), cli.stdout.columns ?? 120)) printLine(cli, line);
  return EXIT.ok;
}

export async function createTeam(cli: Cli, name: string, { json }: { json?: boolean }): Promise<number> {
  const api = await openApi(cli);
  const made = await api.send('POST', '/api/v1/teams', { name }, team);
  if (json) printJson(cli, made);
  else
    printLine(
      cli,
      `Made the team ${foreignLine(made.name)}. Invite people: playfleet people invite E-MAIL --team '${foreignLine(made.name)}'`,
    );
  return EXIT.ok;
}
