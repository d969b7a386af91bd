/** The timeline itself: a canvas over which one can point, wheel, drag and go by keys. */
import { Maximize2, ZoomIn, ZoomOut } from 'lucide-react';
import { useEffect, useLayoutEffect, useRef, useState, type KeyboardEvent, type PointerEvent } from 'react';
import { IconButton } from '../../ui/button.tsx';
import { useLanguage, useMessages } from '../../ui/i18n.ts';
import { useShownTheme } from '../../ui/shown-theme.ts';
import { durationText } from '../../ui/time-text.ts';
import { useNow } from '../../ui/time.tsx';
import { AXIS_PX, draw, LANE_PX, type Scene } from './draw.ts';
import { barAt, nextBar } from './find-bar.ts';
import styles from './gantt.module.css';
import type { Bar, Lane } from './lay-out.ts';
import { readLook } from './look.ts';
import { messages } from './messages.ts';
import { panned, zoomed, type Window } from './window.ts';

const MOST_HEIGHT_PX = 480;
const NARROW_PX = 600;
const STEP = 0.6;

interface GanttProps {
  lanes: readonly Lane[];
  span: Window;
  steals: Scene['steals'];
  /** It goes on: the end moves. */
  live: boolean;
  titleOf: (testId: string) => string;
  onOpen: (testId: string) => void;
}

export function Gantt({ lanes, span, steals, live, titleOf, onOpen }: GanttProps) {
  const t = useMessages(messages);
  const language = useLanguage();
  const theme = useShownTheme();
  const now = useNow(live ? 1000 : null);
  const frame = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [width, setWidth] = useState(0);
  const [scrolled, setScrolled] = useState(0);
  /** null: all of it, also while it grows. */
  const [chosen, setChosen] = useState<Window | null>(null);
  const [focused, setFocused] = useState<{ bar: Bar; lane: Lane } | null>(null);

  const whole = { from: span.from, to: Math.max(span.to, span.from + 100) };
  const shown = chosen ?? whole;
  const total = AXIS_PX + lanes.length * LANE_PX;
  const height = Math.min(total, MOST_HEIGHT_PX);
  const labels = width < NARROW_PX ? 76 : 150;
  const place = { shown, width, labels, scrolled };

  useLayoutEffect(() => {
    const element = frame.current;
    if (!element) return;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext('2d');
    if (!element || !context || width === 0) return;
    const ratio = window.devicePixelRatio;
    element.width = width * ratio;
    element.height = height * ratio;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    draw(context, {
      lanes,
      shown,
      zero: span.from,
      now: Math.min(now, span.to),
      width,
      height,
      scrolled,
      labels,
      steals,
      focused: focused?.bar ?? null,
      look: readLook(element),
      timeText: (ms) => durationText(ms, language),
    });
    // `theme`: the colours are others then.
  }, [lanes, shown, span, now, width, height, scrolled, labels, steals, focused, language, theme]);

  const zoom = (factor: number, at = (shown.from + shown.to) / 2) => setChosen(zoomed(shown, whole, factor, at));
  const timeAt = (x: number) => shown.from + ((x - labels) / Math.max(1, width - labels)) * (shown.to - shown.from);
  useWheel(canvas, (event, x) => {
    if (event.shiftKey) setChosen(panned(shown, whole, Math.sign(event.deltaY || event.deltaX) * 0.15));
    else zoom(event.deltaY < 0 ? STEP : 1 / STEP, timeAt(x));
  });

  const drag = useRef<{ x: number; shown: Window; moved: boolean } | null>(null);
  const onPointerMove = (event: PointerEvent<HTMLCanvasElement>) => {
    const { x, y } = within(event);
    if (drag.current && event.buttons > 0) {
      const by = (drag.current.x - x) / Math.max(1, width - labels);
      if (Math.abs(drag.current.x - x) > 3) drag.current.moved = true;
      if (drag.current.moved) setChosen(panned(drag.current.shown, whole, by));
      return;
    }
    const found = barAt(lanes, place, x, y);
    if (found?.bar !== focused?.bar) setFocused(found);
  };
  const onClick = (event: PointerEvent<HTMLCanvasElement>) => {
    const dragged = drag.current?.moved ?? false;
    drag.current = null;
    if (dragged) return;
    const { x, y } = within(event);
    const found = barAt(lanes, place, x, y);
    if (found) onOpen(found.bar.attempt.test_id);
  };
  const go = (lane: number, bar: number) => {
    const next = nextBar(lanes, focused, lane, bar);
    if (!next) return;
    setFocused(next);
    // What is gone to is shown.
    const { from, to } = next.bar;
    if (from < shown.from || to > shown.to) {
      const length = shown.to - shown.from;
      setChosen(panned({ from: from - length / 2, to: from + length / 2 }, whole, 0));
    }
    const top = lanes.indexOf(next.lane) * LANE_PX;
    if (top < scrolled || top > scrolled + height - AXIS_PX - LANE_PX) frame.current?.scrollTo({ top });
  };
  const keys: Record<string, () => void> = {
    '+': () => zoom(STEP),
    '=': () => zoom(STEP),
    '-': () => zoom(1 / STEP),
    '0': () => setChosen(null),
    ArrowRight: () => go(0, 1),
    ArrowLeft: () => go(0, -1),
    ArrowDown: () => go(1, 0),
    ArrowUp: () => go(-1, 0),
    PageDown: () => setChosen(panned(shown, whole, 0.5)),
    PageUp: () => setChosen(panned(shown, whole, -0.5)),
    Enter: () => focused && onOpen(focused.bar.attempt.test_id),
    Escape: () => setFocused(null),
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const act = keys[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  };

  return (
    <div className={styles.gantt}>
      <div className={styles.buttons}>
        <IconButton label={t('zoomIn')} icon={<ZoomIn size={16} aria-hidden />} onClick={() => zoom(STEP)} />
        <IconButton label={t('zoomOut')} icon={<ZoomOut size={16} aria-hidden />} onClick={() => zoom(1 / STEP)} />
        <IconButton label={t('fit')} icon={<Maximize2 size={16} aria-hidden />} onClick={() => setChosen(null)} />
        <Detail focused={focused} zero={span.from} titleOf={titleOf} />
      </div>
      <div
        ref={frame}
        className={styles.frame}
        style={{ height }}
        onScroll={(event) => setScrolled(event.currentTarget.scrollTop)}
      >
        <div style={{ height: total }}>
          <canvas
            ref={canvas}
            className={styles.canvas}
            style={{ height, width: '100%' }}
            tabIndex={0}
            role="application"
            aria-label={t('chart')}
            data-bars={lanes.reduce((sum, lane) => sum + lane.bars.length, 0)}
            onKeyDown={onKeyDown}
            onPointerDown={(event) => {
              drag.current = { x: within(event).x, shown, moved: false };
            }}
            onPointerMove={onPointerMove}
            onPointerLeave={() => setFocused(null)}
            onPointerUp={onClick}
          />
        </div>
      </div>
    </div>
  );
}

const within = ({ nativeEvent }: PointerEvent): { x: number; y: number } => ({
  x: nativeEvent.offsetX,
  y: nativeEvent.offsetY,
});

interface DetailProps {
  focused: { bar: Bar; lane: Lane } | null;
  zero: number;
  titleOf: (testId: string) => string;
}

/** What the pointer or the keys are at, in words; its place is kept, so that nothing jumps. */
function Detail({ focused, zero, titleOf }: DetailProps) {
  const t = useMessages(messages);
  const language = useLanguage();
  if (!focused) return <p className={styles.detail} aria-live="polite" />;
  const { attempt, from } = focused.bar;
  const facts = [
    t(attempt.status),
    ...(attempt.retry > 0 ? [t('retry', { n: attempt.retry })] : []),
    durationText(attempt.duration_ms, language),
    t('since', { time: durationText(from - zero, language) }),
    `${focused.lane.worker} · ${focused.lane.slot}`,
    ...(attempt.counted ? [] : [t('not_counted')]),
  ];
  return (
    <p className={styles.detail} aria-live="polite">
      <strong>{titleOf(attempt.test_id)}</strong> <span className="muted">{facts.join(' · ')}</span>
    </p>
  );
}

/**
 * The wheel zooms where Ctrl is held (as pinching a touchpad does), or the timeline has the focus; else the page scrolls on. Not React's own
 * listener: that cannot keep the page from scrolling.
 */
function useWheel(canvas: { current: HTMLCanvasElement | null }, act: (event: WheelEvent, x: number) => void): void {
  const latest = useRef(act);
  useEffect(() => {
    latest.current = act;
  });
  useEffect(() => {
    const element = canvas.current;
    if (!element) return;
    const onWheel = (event: WheelEvent) => {
      if (!event.ctrlKey && !event.metaKey && !event.shiftKey && document.activeElement !== element) return;
      event.preventDefault();
      latest.current(event, event.offsetX);
    };
    element.addEventListener('wheel', onWheel, { passive: false });
    return () => element.removeEventListener('wheel', onWheel);
  }, [canvas]);
}
