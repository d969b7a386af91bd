/** `playfleet rules`, `caps` and `weights`: what admins say about where and when tasks run. */
import { page } from '../../../shared/protocol/rest/common.ts';
import {
  keptCap,
  keptRule,
  keptWeight,
  removed,
  type Cap,
  type Kept,
  type Rule,
  type Weight,
} from '../../../shared/protocol/rest/scheduling.ts';
import { printJson, printLine, styleOf, type Cli } from '../cli.ts';
import { EXIT } from '../failure.ts';
import { openApi } from '../open-api.ts';
import { foreignLine } from '../terminal/foreign.ts';
import { tableLines, type Column } from '../terminal/table.ts';

interface Json {
  json?: boolean;
}

/** `browser webkit, tag nightly` */
const inWords = (parts: object): string =>
  Object.entries(parts)
    .map(([name, value]) => foreignLine(`${name} ${String(value)}`))
    .join(', ');

const KINDS = {
  rules: {
    shape: keptRule,
    none: 'No rules. Add one: playfleet rules add <name> --project … --require …',
    columns: [
      { title: 'NAME', value: ({ name }: Rule) => foreignLine(name), flexible: true },
      { title: 'WHEN', value: ({ when }: Rule) => inWords(when), flexible: true },
      { title: 'THEN', value: ({ then }: Rule) => inWords(then), flexible: true },
    ],
  },
  caps: {
    shape: keptCap,
    none: 'No caps. Add one: playfleet caps add <limit> --tag … (or --environment …)',
    columns: [
      { title: 'AT MOST', value: ({ limit }: Cap) => String(limit), right: true },
      { title: 'FOR', value: ({ limit: _, ...what }: Cap) => inWords(what), flexible: true },
    ],
  },
  weights: {
    shape: keptWeight,
    none: 'No weights: everybody counts 1. Add one: playfleet weights add <weight> --user … (or --project …)',
    columns: [
      { title: 'WEIGHT', value: ({ weight }: Weight) => String(weight), right: true },
      { title: 'FOR', value: ({ weight: _, ...who }: Weight) => inWords(who), flexible: true },
    ],
  },
} as const;
export type SchedulingKind = keyof typeof KINDS;

export async function listScheduling(cli: Cli, kind: SchedulingKind, { json }: Json): Promise<number> {
  const api = await openApi(cli);
  const { shape, none, columns } = KINDS[kind];
  const { items } = await api.get(`/api/v1/scheduling/${kind}`, page<typeof keptRule>(shape as never));
  if (json) printJson(cli, items);
  else if (items.length === 0) printLine(cli, none);
  else {
    const shown: Column<Kept<Rule>>[] = [
      { title: 'ID', value: ({ id }) => id },
      // Each kind's columns are for its own values.
      ...columns.map((column) => ({ ...column, value: ({ value }: Kept<Rule>) => column.value(value as never) })),
      { title: 'BY', value: ({ updated_by }) => foreignLine(updated_by), flexible: true },
    ];
    for (const line of tableLines(items, shown, styleOf(cli), cli.stdout.columns ?? 140)) printLine(cli, line);
  }
  return EXIT.ok;
}

/** What is not accepted is told by the coordinator, with its field and mend. */
export async function addScheduling(cli: Cli, kind: SchedulingKind, value: object, { json }: Json): Promise<number> {
  const api = await openApi(cli);
  const added = await api.send('POST', `/api/v1/scheduling/${kind}`, value, KINDS[kind].shape as typeof keptRule);
  if (json) printJson(cli, added);
  else printLine(cli, `Added ${added.id}; it counts from now on.`);
  return EXIT.ok;
}

export async function removeScheduling(cli: Cli, kind: SchedulingKind, id: string, { json }: Json): Promise<number> {
  const api = await openApi(cli);
  const path = `/api/v1/scheduling/${kind}/${encodeURIComponent(id)}`;
  const answer = await api.send('DELETE', path, undefined, removed);
  if (json) printJson(cli, answer);
  else printLine(cli, foreignLine(answer.message));
  return EXIT.ok;
}
