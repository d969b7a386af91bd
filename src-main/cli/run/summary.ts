/** The last words on a run: every failure with its error, flaky tests, totals, the slowest, and where to read on. */
import type { SettledTestEvent } from '../../../shared/protocol/events.ts';
import { runLabel } from '../../../shared/model/run-label.ts';
import type { TestError } from '../../../shared/protocol/playwright.ts';
import type { TestSummary } from '../../../shared/protocol/rest/results.ts';
import { foreign, foreignLine } from '../terminal/foreign.ts';
import { counted, duration } from '../terminal/format.ts';
import type { Style } from '../terminal/style.ts';
import { widthOf } from '../terminal/width.ts';
import type { Figures } from './figures.ts';
import { countsLine } from './frame.ts';

export type NamedTest = Pick<
  SettledTestEvent,
  'test_id' | 'title' | 'project' | 'file' | 'line' | 'attempts' | 'duration_ms' | 'error'
>;

export interface Summary {
  name: string;
  number: number;
  figures: Figures;
  failures: readonly NamedTest[];
  /** Errors of the last attempts, by test id, of as many failures as were asked for. */
  errors: ReadonlyMap<string, readonly TestError[]>;
  flaky: readonly NamedTest[];
  slowest: readonly NamedTest[];
  /** Errors outside any test. */
  runErrors: readonly string[];
  workers: number;
  /** `report` opens without a login, for some hours. */
  links: { report: string | null; api: string; archive: string };
  /** Why there is no report, or what it lacks. */
  reportTrouble: string | null;
}

/** Failures with all of their error; further ones only by name. */
export const DETAILED_FAILURES = 20;
const NAMED_FAILURES = 200;

export function summaryLines(summary: Summary, style: Style, columns: number): string[] {
  const { figures, failures, flaky, slowest } = summary;
  const { paint, signs } = style;
  const lines: string[] = [''];
  for (const message of summary.runErrors)
    lines.push(paint('red', `${signs.failed} Outside any test`), ...indented(foreign(message, style.colour), 4), '');
  for (const [i, test] of failures.slice(0, DETAILED_FAILURES).entries()) {
    lines.push(...failure(i + 1, test, summary.errors.get(test.test_id), style, columns));
  }
  for (const test of failures.slice(DETAILED_FAILURES, NAMED_FAILURES))
    lines.push(`  ${paint('red', signs.failed)} ${testName(test, style)}`);
  if (failures.length > NAMED_FAILURES)
    lines.push(`  ${signs.ellipsis} and ${failures.length - NAMED_FAILURES} more failures: see the report`);
  if (failures.length > DETAILED_FAILURES) lines.push('');
  if (flaky.length > 0) {
    lines.push(paint('yellow', `${signs.flaky} Flaky: passed, but not at once`));
    for (const test of flaky)
      lines.push(`    ${testName(test, style)}  ${paint('dim', counted(test.attempts, 'attempt'))}`);
    lines.push('');
  }
  if (slowest.length > 0 && figures.settled > slowest.length) {
    lines.push(paint('dim', 'Slowest'));
    for (const test of slowest) lines.push(`  ${duration(test.duration_ms).padStart(8)}  ${testName(test, style)}`);
    lines.push('');
  }
  lines.push(...verdict(summary, style), ...links(summary, style));
  return lines;
}

function verdict({ figures, name, number, workers }: Summary, style: Style): string[] {
  const { signs, paint } = style;
  const [sign, colour, word] =
    figures.state === 'completed'
      ? figures.outcome === 'passed'
        ? ([signs.passed, 'green', 'passed'] as const)
        : ([signs.failed, 'red', 'failed'] as const)
      : figures.state === 'cancelled'
        ? ([signs.skipped, 'yellow', 'cancelled'] as const)
        : ([signs.failed, 'red', 'could not be carried out'] as const);
  const time = figures.elapsedMs === null ? '' : ` in ${duration(figures.elapsedMs)}`;
  const where = workers === 0 ? '' : ` on ${counted(workers, 'worker')}`;
  const head =
    paint(colour, `${sign} Run #${runLabel(number)} ${foreignLine(name)} ${word}`) + paint('dim', `${time}${where}`);
  const why = figures.reason === null ? [] : indented(foreign(figures.reason, style.colour), 2);
  const counts = figures.settled === 0 ? [] : [`  ${countsLine(figures, style)}`];
  const missing = figures.total - figures.settled;
  const unrun = missing > 0 ? [`  ${paint('yellow', `${counted(missing, 'test')} did not run`)}`] : [];
  return [head, ...why, ...counts, ...unrun];
}

function links({ links: { report, api, archive }, reportTrouble }: Summary, style: Style): string[] {
  const line = (label: string, value: string): string => `  ${style.paint('dim', label.padEnd(8))} ${value}`;
  if (report === null) return [line('Report', foreignLine(reportTrouble ?? 'none')), line('API', api)];
  const trouble = reportTrouble === null ? [] : [`           ${foreignLine(reportTrouble)}`];
  return [line('Report', report), ...trouble, line('API', api), line('Archive', archive)];
}

export const nameFromSummary = (test: TestSummary): NamedTest => ({
  test_id: test.test_id,
  title: test.title_path.join(' › '),
  project: test.project,
  file: test.file,
  line: test.line,
  attempts: test.attempts,
  duration_ms: test.duration_ms ?? 0,
  error: test.error ?? test.note,
});

/** `[chromium] tests/cart.spec.ts:12 › cart › adds an item` */
export function testName(test: Pick<NamedTest, 'project' | 'file' | 'line' | 'title'>, style: Style): string {
  const project = test.project === '' ? '' : style.paint('dim', `[${foreignLine(test.project)}] `);
  const title = foreignLine(test.title).replaceAll(' › ', ` ${style.signs.separator} `);
  return `${project}${foreignLine(test.file)}:${test.line} ${style.signs.separator} ${title}`;
}

function failure(
  place: number,
  test: NamedTest,
  errors: readonly TestError[] | undefined,
  style: Style,
  columns: number,
): string[] {
  const { paint, signs } = style;
  const head = `${String(place).padStart(3)}) ${testName(test, style)} `;
  const rule = signs.rule.repeat(Math.max(0, Math.min(columns, 100) - widthOf(head)));
  const lines = [paint('red', head) + paint('dim', rule)];
  if (test.attempts > 1) lines.push(paint('dim', `     failed ${test.attempts} times`));
  const shown = errors ?? (test.error === null ? [] : [{ message: test.error }]);
  for (const error of shown) {
    lines.push('', ...indented(foreign(error.message, style.colour), 5));
    if (error.snippet !== undefined) lines.push('', ...indented(foreign(error.snippet, style.colour), 5));
    if (error.location) {
      const { file, line, column } = error.location;
      lines.push(paint('dim', `       at ${foreignLine(file)}:${line}:${column}`));
    }
  }
  return [...lines, ''];
}

function indented(text: string, by: number): string[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => (line.trim() === '' ? '' : ' '.repeat(by) + line));
}
