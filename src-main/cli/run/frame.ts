/** What the terminal shows of a run while it goes on. */
import type { HeldTask, RunView } from '../../../shared/model/run-view.ts';
import { runLabel } from '../../../shared/model/run-label.ts';
import { foreignLine } from '../terminal/foreign.ts';
import { clockTime, counted } from '../terminal/format.ts';
import type { Style } from '../terminal/style.ts';
import { clip, widthOf } from '../terminal/width.ts';
import type { Figures } from './figures.ts';

export interface FrameInput {
  view: RunView;
  figures: Figures;
  /** By the coordinator's clock, milliseconds since the epoch. */
  now: number;
  /** Shown instead of tests by name while there is no stream. */
  trouble: string | null;
  cancelling: boolean;
  name: string;
  number: number;
}

/** Lines of at most `columns` cells, at most `rows` of them. */
export function frameOf(input: FrameInput, style: Style, columns: number, rows: number): string[] {
  const { figures, trouble, cancelling } = input;
  const { paint } = style;
  const head = [headline(input, style), bar(figures, style, columns), countsLine(figures, style)];
  if (cancelling) head.push(paint('yellow', 'Cancelling the run. Ctrl-C again leaves at once.'));
  if (figures.reason !== null)
    head.push(...wrapped(foreignLine(figures.reason), columns).map((line) => paint('yellow', line)));
  if (trouble !== null) {
    head.push(
      ...wrapped(`No live view at the moment: ${foreignLine(trouble)}`, columns).map((line) => paint('yellow', line)),
    );
  }
  const lines = [...head, ...fleet(input, style, rows - head.length)];
  return lines.slice(0, rows).map((line) => clip(line, columns, style.signs.ellipsis));
}

function headline({ figures, name, number, view }: FrameInput, style: Style): string {
  const { elapsedMs, remainingMs } = figures;
  const label = view.state === 'scheduling' ? 'finding its tests' : figures.state;
  const left = remainingMs === null ? '' : `, about ${clockTime(remainingMs)} left`;
  const time = elapsedMs === null ? '' : `  ${clockTime(elapsedMs)}${left}`;
  return `${style.paint('blue', style.signs.running)} ${style.paint('bold', `Run #${runLabel(number)} ${foreignLine(name)}`)}  ${label}${style.paint('dim', time)}`;
}

function bar({ settled, total, failed }: Figures, style: Style, columns: number): string {
  const known = total > 0;
  const text = known
    ? ` ${Math.floor((settled / total) * 100)} %  ${settled} of ${counted(total, 'test')}`
    : ' number of tests not known yet';
  const width = Math.max(10, Math.min(40, columns - widthOf(text) - 1));
  const full = known ? Math.floor((settled / total) * width) : 0;
  const colour = failed > 0 ? 'red' : 'green';
  return (
    style.paint(colour, style.signs.full.repeat(full)) +
    style.paint('grey', style.signs.empty.repeat(width - full)) +
    text
  );
}

/** `✓ 110 passed  ✕ 4 failed  ▲ 2 flaky  – 4 skipped`; flaky and skipped only where there are some. */
export function countsLine(figures: Pick<Figures, 'passed' | 'failed' | 'flaky' | 'skipped'>, style: Style): string {
  const { passed, failed, flaky, skipped } = figures;
  const { signs, paint } = style;
  const parts = [
    paint(passed > 0 ? 'green' : 'grey', `${signs.passed} ${passed} passed`),
    paint(failed > 0 ? 'red' : 'grey', `${signs.failed} ${failed} failed`),
  ];
  if (flaky > 0) parts.push(paint('yellow', `${signs.flaky} ${flaky} flaky`));
  if (skipped > 0) parts.push(paint('grey', `${signs.skipped} ${skipped} skipped`));
  return parts.join('  ');
}

/** Workers with what their slots run, as many as fit; the rest is counted. */
function fleet({ view, now }: FrameInput, style: Style, room: number): string[] {
  const { paint, signs } = style;
  const groups = Object.entries(view.workers)
    .filter(([, worker]) => worker.took_part)
    .map(([id, worker]) => {
      const tasks = Object.values(view.held).filter((task) => task.worker_id === id);
      const busy = tasks.reduce((sum, task) => sum + task.slots, 0);
      const slots = worker.slots === null ? counted(busy, 'slot') : `${busy} of ${counted(worker.slots, 'slot')}`;
      const state = worker.online ? slots : paint('red', `${signs.failed} offline`);
      const head = `${foreignLine(worker.name)}  ${paint('dim', state)}${paint('dim', `  ${counted(worker.settled, 'test')} done`)}`;
      return [head, ...tasks.flatMap((task) => doings(task, now, style))];
    });
  const lines = groups.flat();
  if (lines.length <= room) return lines;
  const running = Object.values(view.held).reduce((sum, task) => sum + task.running.length, 0);
  const last = `${signs.ellipsis} in all ${counted(running, 'test')} running on ${counted(groups.length, 'worker')}`;
  return room < 1 ? [] : [...lines.slice(0, room - 1), paint('dim', last)];
}

function doings(task: HeldTask, now: number, style: Style): string[] {
  const { paint, signs } = style;
  const sign = paint('blue', signs.running);
  if (task.running.length === 0) {
    const what =
      task.kind === 'discover' ? 'finding the tests' : task.state === 'assigned' ? 'preparing' : 'starting Playwright';
    const shard = task.shard_index === null ? '' : ` for shard ${task.shard_index}`;
    return [`  ${sign} ${paint('dim', `${clockTime(now - task.granted_at)} ${what}${shard}`)}`];
  }
  return task.running.map((test) => {
    const retry = test.retry > 0 ? paint('yellow', ` (retry ${test.retry})`) : '';
    return `  ${sign} ${paint('dim', clockTime(now - test.since))} ${foreignLine(test.title)}${retry}`;
  });
}

/** Breaks text of our own or of one line at spaces; a word longer than a line is left to be clipped. */
export function wrapped(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && widthOf(line) + 1 + widthOf(word) > columns) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return line === '' ? lines : [...lines, line];
}
