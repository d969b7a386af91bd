import type { EChartsCoreOption, ECharts } from 'echarts/core';
import { useEffect, useRef, useState } from 'react';
import { coloursAt } from '../ui/colours.ts';
import { useShownTheme } from '../ui/shown-theme.ts';
import { ErrorState, Skeleton } from '../ui/states.tsx';
import styles from './analytics.module.css';
import type { Look } from './options.ts';

interface ChartProps {
  /** A sentence that says what it shows. */
  label: string;
  height: number;
  /** Made anew when what it depends on changes: keep it with useCallback. */
  optionOf: (look: Look) => EChartsCoreOption;
}

/** Draws into a canvas; the library comes when the first chart does. */
export function Chart({ label, height, optionOf }: ChartProps) {
  const frame = useRef<HTMLDivElement>(null);
  const [chart, setChart] = useState<ECharts | null>(null);
  const [error, setError] = useState<unknown>(null);
  const theme = useShownTheme();

  useEffect(() => {
    const element = frame.current;
    if (!element) return;
    let made: ECharts | null = null;
    let gone = false;
    import('./echarts.ts').then(
      ({ init }) => {
        if (gone) return;
        made = init(element);
        setChart(made);
      },
      (failure: unknown) => setError(failure),
    );
    return () => {
      gone = true;
      made?.dispose();
      setChart(null);
    };
  }, []);

  useEffect(() => {
    const element = frame.current;
    if (!chart || !element || chart.isDisposed()) return;
    const draw = () => {
      chart.resize();
      chart.setOption(optionOf(readLook(element.clientWidth)), { notMerge: true });
    };
    const observer = new ResizeObserver(draw);
    observer.observe(element);
    return () => observer.disconnect();
  }, [chart, optionOf, theme]);

  if (error !== null) return <ErrorState error={error} />;
  return (
    <div className={styles.chart} role="img" aria-label={label} style={{ height }}>
      <div ref={frame} className={styles.canvas} aria-hidden style={{ height }} />
      {!chart && <Skeleton rows={4} />}
    </div>
  );
}

function readLook(width: number): Look {
  const page = document.body;
  const read = coloursAt(page);
  return {
    text: read('--text'),
    muted: read('--muted'),
    line: read('--line'),
    bg: read('--bg'),
    first: read('--running'),
    second: read('--flaky'),
    weak: read('--skipped-soft'),
    font: getComputedStyle(page).fontFamily,
    width,
  };
}
