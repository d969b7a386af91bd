/** Runs as a table. */
import type { Run } from '../../../shared/protocol/rest/runs.ts';
import { runLabel } from '../../../shared/model/run-label.ts';
import { printLine, styleOf, type Cli } from '../cli.ts';
import { foreignLine } from '../terminal/foreign.ts';
import { ago, duration } from '../terminal/format.ts';
import type { Style } from '../terminal/style.ts';
import { tableLines } from '../terminal/table.ts';

export function printRuns(cli: Cli, runs: readonly Run[]): void {
  const style = styleOf(cli);
  const now = cli.clock.now();
  const columns = [
    { title: 'RUN', value: (run: Run) => `#${runLabel(run.number)}`, right: true },
    { title: 'STATE', value: (run: Run) => stateText(run, style) },
    { title: 'NAME', value: (run: Run) => foreignLine(run.name), flexible: true },
    { title: 'PROJECT', value: (run: Run) => foreignLine(run.project), flexible: true },
    { title: 'TESTS', value: (run: Run) => `${run.tests.settled}/${run.tests.total}`, right: true },
    {
      title: 'FAILED',
      value: (run: Run) => (run.tests.failed > 0 ? style.paint('red', String(run.tests.failed)) : '0'),
      right: true,
    },
    { title: 'TIME', value: (run: Run) => (run.duration_ms === null ? '' : duration(run.duration_ms)), right: true },
    { title: 'STARTED', value: (run: Run) => ago(now - Date.parse(run.created_at)) },
  ];
  for (const line of tableLines(runs, columns, style, cli.stdout.columns ?? 120)) printLine(cli, line);
}

/** `✓ passed`, `✕ failed`, `◌ running`, … */
export function stateText({ status, outcome }: Run, { paint, signs }: Style): string {
  if (status === 'completed') {
    return outcome === 'passed' ? paint('green', `${signs.passed} passed`) : paint('red', `${signs.failed} failed`);
  }
  if (status === 'failed') return paint('red', `${signs.failed} not run`);
  if (status === 'cancelled') return paint('grey', `${signs.skipped} cancelled`);
  return paint('blue', `${signs.running} ${status}`);
}

/** `Deadline 15:30, at risk: likely done 15:28` */
export function deadlineLine({ at, state, predicted_end }: NonNullable<Run['deadline']>, { paint }: Style): string {
  const time = (iso: string) => new Date(iso).toLocaleString(undefined, { dateStyle: 'short', timeStyle: 'short' });
  const words = { on_time: paint('green', 'on time'), at_risk: paint('yellow', 'at risk'), late: paint('red', 'late') };
  const end = predicted_end === null ? '' : `: likely done ${time(predicted_end)}`;
  return `${paint('dim', 'Deadline')} ${time(at)}, ${words[state]}${end}`;
}
