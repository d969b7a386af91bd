/** `playfleet logs RUN`: what the tasks of a run printed. */
import { z } from 'zod';
import { page } from '../../../shared/protocol/rest/common.ts';
import { printLine, styleOf, type Cli } from '../cli.ts';
import { openApi } from '../open-api.ts';
import { EXIT } from '../failure.ts';
import { runPath } from '../run/attend.ts';
import { foreign, foreignLine } from '../terminal/foreign.ts';
import { findRun } from './runs.ts';

const chunk = z.object({
  id: z.int(),
  at: z.string(),
  task_id: z.string(),
  worker: z.string().nullable(),
  stream: z.enum(['stdout', 'stderr', 'agent']),
  text: z.string(),
});

const PAGE = 500;

/** In the order in which it arrived; a line of its own says whenever another task speaks. With --json one object a line. */
export async function showLogs(cli: Cli, name: string, options: { task?: string; json?: boolean }): Promise<number> {
  const api = await openApi(cli);
  const run = await findRun(api, name);
  const style = styleOf(cli);
  let speaker = '';
  let cursor: string | null = null;
  do {
    const query = new URLSearchParams({ limit: String(PAGE) });
    if (options.task !== undefined) query.set('task_id', options.task);
    if (cursor !== null) query.set('cursor', cursor);
    const answer: { items: z.infer<typeof chunk>[]; next_cursor: string | null } = await api.get(
      `${runPath(run.id)}/logs?${query.toString()}`,
      page(chunk),
    );
    for (const item of answer.items) {
      if (options.json) {
        printLine(cli, JSON.stringify(item));
        continue;
      }
      const now = `${item.task_id} on ${item.worker ?? 'a removed worker'}`;
      if (now !== speaker) printLine(cli, style.paint('dim', `${style.signs.rule.repeat(2)} task ${foreignLine(now)}`));
      speaker = now;
      const text = foreign(item.text, style.colour);
      printLine(cli, text.replace(/\n$/, ''));
    }
    cursor = answer.next_cursor;
  } while (cursor !== null);
  return EXIT.ok;
}
