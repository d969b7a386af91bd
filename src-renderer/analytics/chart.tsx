import type { EChartsCoreOption, ECharts } from 'echarts/core';
import { useEffect, useRef, useState } from 'react';
import { shownTheme, useThemeStore } from '../ui/theme.ts';
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
    const observer = new ResizeObserver(() => made?.resize());
    import('./echarts.ts').then(
      ({ init }) => {
        if (gone) return;
        made = init(element);
        observer.observe(element);
        setChart(made);
      },
      (failure: unknown) => setError(failure),
    );
    return () => {
      gone = true;
      observer.disconnect();
      made?.dispose();
      setChart(null);
    };
  }, []);

  useEffect(() => {
    if (!chart || chart.isDisposed()) return;
    chart.setOption(optionOf(readLook()), { notMerge: true });
    chart.resize();
  }, [chart, optionOf, theme, height]);

  if (error !== null) return <ErrorState error={error} />;
  return (
    <div className={styles.chart} role="img" aria-label={label} style={{ height }}>
      <div ref={frame} className={styles.canvas} aria-hidden style={{ height }} />
      {!chart && <Skeleton rows={4} />}
    </div>
  );
}

function useShownTheme(): 'light' | 'dark' {
  const chosen = useThemeStore(({ theme }) => theme);
  const [shown, setShown] = useState(() => shownTheme(chosen));
  useEffect(() => {
    const query = matchMedia('(prefers-color-scheme: dark)');
    const update = () => setShown(shownTheme(chosen));
    update();
    query.addEventListener('change', update);
    return () => query.removeEventListener('change', update);
  }, [chosen]);
  return shown;
}

function readLook(): Look {
  const style = getComputedStyle(document.documentElement);
  const read = (name: string) => style.getPropertyValue(name).trim();
  return {
    text: read('--text'),
    muted: read('--muted'),
    line: read('--line'),
    bg: read('--bg'),
    first: read('--running'),
    second: read('--flaky'),
    weak: read('--skipped-soft'),
    font: style.fontFamily,
  };
}
