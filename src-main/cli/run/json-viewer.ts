/** Shows a run to programs: see json-lines.ts for what is printed. */
import type { Clock } from '../../../shared/base/clock.ts';
import type { TerminalStream } from '../terminal/live-region.ts';
import { figuresOf, type Figures } from './figures.ts';
import type { Followed } from './follow.ts';
import type { JsonLine } from './json-lines.ts';
import { CoordinatorTime, throttled, Unshown, type RunFacts, type Viewer } from './viewer.ts';

const PROGRESS_MS = 1000;

export function createJsonViewer(stream: TerminalStream, clock: Clock): Viewer {
  const time = new CoordinatorTime(clock);
  const unshown = new Unshown();
  let run: RunFacts | null = null;
  let followed: Followed | null = null;
  let shown = '';
  let shownTrouble: string | null = null;
  const print = (line: JsonLine): void => void stream.write(`${JSON.stringify(line)}\n`);
  const progress = throttled(clock, PROGRESS_MS, () => {
    if (!followed) return;
    const figures = figuresOf(followed, time.now());
    const { elapsedMs: _elapsed, remainingMs: _remaining, ...steady } = figures;
    const text = JSON.stringify(steady);
    if (text === shown) return;
    shown = text;
    print({ type: 'progress', ...lineOf(figures), remaining_ms: rounded(figures.remainingMs) });
  });

  return {
    step: () => undefined,
    note: (message) => print({ type: 'note', message }),
    uploaded: ({ files, bytes, sentFiles, sentBytes }) =>
      print({ type: 'uploaded', files, bytes, sent_files: sentFiles, sent_bytes: sentBytes }),
    created(facts) {
      run = facts;
      const { id, number, name, project, api } = facts;
      print({ type: 'created', run_id: id, number, name, project, api });
    },
    update(next) {
      followed = next;
      time.heard(next.view.updated_at);
      const { unexpected, flaky, errors } = unshown.take(next);
      for (const { message } of errors) print({ type: 'error', message });
      for (const { replaces: _replaces, ...test } of [...unexpected, ...flaky]) print({ type: 'test', ...test });
      const trouble = next.polled === null ? null : next.trouble;
      if (trouble !== null && trouble !== shownTrouble) print({ type: 'trouble', message: trouble });
      shownTrouble = trouble;
      progress.call();
    },
    cancelling: () => print({ type: 'note', message: 'cancelling the run' }),
    end({ figures, links }, exitCode) {
      progress.stop();
      if (!run) return;
      const { report, api, archive } = links;
      const { id: run_id, number } = run;
      print({
        type: 'end',
        run_id,
        number,
        ...lineOf(figures),
        outcome: figures.outcome,
        exit_code: exitCode,
        report,
        api,
        archive,
      });
    },
    close: () => progress.stop(),
  };
}

function lineOf(figures: Figures) {
  const { state, reason, total, settled, passed, failed, flaky, skipped, elapsedMs } = figures;
  return { state, reason, total, settled, passed, failed, flaky, skipped, elapsed_ms: rounded(elapsedMs) };
}

const rounded = (ms: number | null): number | null => (ms === null ? null : Math.round(ms));
