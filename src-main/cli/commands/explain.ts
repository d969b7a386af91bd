/** `playfleet explain` and `run --explain`: where the time of a run's slots went, against the least that was possible. */
import { explanation } from '../../../shared/protocol/rest/explain.ts';
import type { Api } from '../api.ts';
import { printJson, printLine, styleOf, type Cli } from '../cli.ts';
import { EXIT } from '../failure.ts';
import { openApi } from '../open-api.ts';
import { runPath } from '../run/attend.ts';
import { explanationLines } from '../run/explanation.ts';

export async function explainCommand(cli: Cli, name: string, options: { json?: boolean }): Promise<number> {
  await printExplanation(cli, await openApi(cli), name.replace(/^#/, ''), options.json === true);
  return EXIT.ok;
}

/** `run`: number or id. With `json`, the API's answer. */
export async function printExplanation(cli: Cli, api: Api, run: string, json: boolean): Promise<void> {
  const schedule = await api.get(`${runPath(run)}/explain`, explanation);
  if (json) printJson(cli, schedule);
  else for (const line of explanationLines(schedule, styleOf(cli), cli.stdout.columns ?? 100)) printLine(cli, line);
}
