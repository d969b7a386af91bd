/** Shows a run where nobody watches (a log, a pipe): one line for each failure, and a line of progress every few seconds. */
import type { Clock } from '../../../shared/base/clock.ts';
import { runLabel } from '../../../shared/model/run-label.ts';
import { foreignLine } from '../terminal/foreign.ts';
import { bytes, clockTime, counted } from '../terminal/format.ts';
import type { TerminalStream } from '../terminal/live-region.ts';
import type { Style } from '../terminal/style.ts';
import { clip } from '../terminal/width.ts';
import { figuresOf, type Figures } from './figures.ts';
import type { Followed } from './follow.ts';
import { countsLine } from './frame.ts';
import { summaryLines, testName } from './summary.ts';
import { CoordinatorTime, throttled, Unshown, type Viewer } from './viewer.ts';

const PROGRESS_MS = 5000;
const LONGEST_ERROR = 300;
const RULE_COLUMNS = 80;

export function createPlainViewer(stream: TerminalStream, style: Style, clock: Clock): Viewer {
  const time = new CoordinatorTime(clock);
  const unshown = new Unshown();
  let followed: Followed | null = null;
  let shownProgress = '';
  let shownState = '';
  let shownTrouble: string | null = null;
  const print = (line: string): void => void stream.write(`${line}\n`);
  const stateLine = (): void => {
    if (!followed) return;
    const figures = figuresOf(followed, time.now());
    const text = stateText(figures);
    if (text !== shownState) print(text);
    shownState = text;
  };
  const progress = throttled(clock, PROGRESS_MS, () => {
    if (!followed) return;
    const figures = figuresOf(followed, time.now());
    if (figures.settled === 0) return;
    const text = `${figures.settled} of ${counted(figures.total, 'test')}  ${countsLine(figures, style)}`;
    if (text !== shownProgress) print(`${clockTime(figures.elapsedMs ?? 0)}  ${text}`);
    shownProgress = text;
  });

  return {
    step: () => undefined,
    note: (text) => print(foreignLine(text)),
    uploaded: ({ files, bytes: size, sentBytes }) =>
      print(`Working tree: ${counted(files, 'file')}, ${bytes(size)}; ${bytes(sentBytes)} sent`),
    created: (run) => print(`Run #${runLabel(run.number)} ${foreignLine(run.name)}: ${run.api}`),
    update(next) {
      followed = next;
      time.heard(next.view.updated_at);
      const { unexpected, flaky, errors } = unshown.take(next);
      for (const { message } of errors) print(`${style.signs.failed} ${clip(foreignLine(message), LONGEST_ERROR)}`);
      for (const test of unexpected) {
        const error = clip(foreignLine(test.error ?? ''), LONGEST_ERROR, style.signs.ellipsis);
        print(`${style.paint('red', style.signs.failed)} ${testName(test, style)}${error === '' ? '' : `: ${error}`}`);
      }
      for (const test of flaky)
        print(
          `${style.paint('yellow', style.signs.flaky)} ${testName(test, style)}: flaky, ${counted(test.attempts, 'attempt')}`,
        );
      const trouble = next.polled === null ? null : next.trouble;
      if (trouble !== null && trouble !== shownTrouble) print(`No live view at the moment: ${foreignLine(trouble)}`);
      shownTrouble = trouble;
      stateLine();
      progress.call();
    },
    cancelling: () => print('Cancelling the run. Ctrl-C again leaves at once.'),
    end(summary) {
      progress.stop();
      for (const line of summaryLines(summary, style, RULE_COLUMNS)) print(line);
    },
    close: () => progress.stop(),
  };
}

function stateText({ state, reason }: Figures): string {
  const label = state === 'scheduling' ? 'finding its tests' : state;
  return reason === null ? `The run is ${label}` : `The run is ${label}: ${foreignLine(reason)}`;
}
