/** Shows a run in a terminal: what goes on is drawn again and again at the bottom, what stays (failures, notes) scrolls away above. */
import type { Clock } from '../../../shared/base/clock.ts';
import type { SettledTestEvent } from '../../../shared/protocol/events.ts';
import { foreignLine } from '../terminal/foreign.ts';
import { bytes, counted } from '../terminal/format.ts';
import { LiveRegion, type TerminalStream } from '../terminal/live-region.ts';
import type { Style } from '../terminal/style.ts';
import { clip } from '../terminal/width.ts';
import { figuresOf } from './figures.ts';
import type { Followed } from './follow.ts';
import { frameOf } from './frame.ts';
import { summaryLines, testName } from './summary.ts';
import { CoordinatorTime, throttled, Unshown, type RunFacts, type Viewer } from './viewer.ts';

const DRAW_MS = 100;
const TICK_MS = 1000;

export function createLiveViewer(stream: TerminalStream, style: Style, clock: Clock): Viewer {
  const region = new LiveRegion(stream);
  const time = new CoordinatorTime(clock);
  const unshown = new Unshown();
  let run: RunFacts | null = null;
  let followed: Followed | null = null;
  let cancelling = false;
  let step = '';
  let closed = false;

  const cut = (line: string): string => clip(line, region.columns, style.signs.ellipsis);
  const draw = (): void => {
    if (closed) return;
    if (!run || !followed) {
      region.draw(step === '' ? [] : [cut(`${style.paint('blue', style.signs.running)} ${step}`)]);
      return;
    }
    const now = time.now();
    const { view, polled, trouble } = followed;
    const input = {
      view,
      now,
      cancelling,
      trouble: polled === null ? null : trouble,
      name: run.name,
      number: run.number,
    };
    region.draw(frameOf({ ...input, figures: figuresOf(followed, now) }, style, region.columns, region.rows));
  };
  const drawing = throttled(clock, DRAW_MS, draw);
  let stopTicking = (): void => undefined;
  const tick = (): void => {
    drawing.call();
    stopTicking = clock.after(TICK_MS, tick);
  };
  tick();

  const close = (): void => {
    closed = true;
    drawing.stop();
    stopTicking();
    region.close();
  };

  return {
    step(text) {
      step = text;
      drawing.call();
    },
    note: (text) => region.print([style.paint('dim', foreignLine(text))]),
    uploaded({ files, bytes: size, sentFiles, sentBytes }) {
      const sent = sentFiles === 0 ? 'all of it was there already' : `${bytes(sentBytes)} sent`;
      region.print([style.paint('dim', `Working tree: ${counted(files, 'file')}, ${bytes(size)}; ${sent}`)]);
    },
    created(facts) {
      run = facts;
      drawing.call();
    },
    update(next) {
      followed = next;
      time.heard(next.view.updated_at);
      const { unexpected, errors } = unshown.take(next);
      const lines = unexpected.flatMap((test) => failureLines(test, style));
      for (const { message } of errors)
        lines.push(`${style.paint('red', style.signs.failed)} ${foreignLine(message, style.colour)}`);
      if (lines.length > 0) region.print(lines.map(cut));
      drawing.call();
    },
    cancelling() {
      cancelling = true;
      draw();
    },
    end(summary) {
      close();
      for (const line of summaryLines(summary, style, region.columns)) stream.write(`${line}\n`);
    },
    close,
  };
}

/** Two lines: which test, and the first line of its error. */
function failureLines(test: SettledTestEvent, style: Style): string[] {
  const head = `${style.paint('red', style.signs.failed)} ${testName(test, style)}`;
  const error = foreignLine((test.error ?? '').split('\n')[0] ?? '', style.colour);
  return error === '' ? [head] : [head, `    ${error}`];
}
