import { useState, type PointerEvent } from 'react';
import { quietSteps } from '../fleet/machines.ts';
import { percentText } from '../parts/units.ts';
import { useLanguage, useMessages } from '../ui/i18n.ts';
import { sparkPath } from '../ui/sparkline.tsx';
import { dateText } from '../ui/time-text.ts';
import { messages } from './messages.ts';
import styles from './worker.module.css';

interface MetricChartProps {
  name: string;
  /** Per cent; null = not known. */
  values: readonly (number | null)[];
  from: number;
  stepMs: number;
}

const WIDTH = 600;
const HEIGHT = 80;

/** One figure of a machine over time, from 0 to 100 %. What stands under the pointer is said in its head. */
export function MetricChart({ name, values, from, stepMs }: MetricChartProps) {
  const t = useMessages(messages);
  const language = useLanguage();
  const [at, setAt] = useState<number | null>(null);
  const known = values.filter((value) => value !== null);
  const last = known.at(-1) ?? null;
  const most = known.length === 0 ? null : Math.max(...known);
  const now = last === null ? '–' : t('usedNow', { percent: percentText(last, language) });
  const peak = most === null ? '' : t('peak', { percent: percentText(most, language) });
  const pointed = at === null ? null : (values[at] ?? null);
  const point = (event: PointerEvent<SVGSVGElement>) => {
    const { left, width } = event.currentTarget.getBoundingClientRect();
    const share = (event.clientX - left) / width;
    setAt(Math.min(values.length - 1, Math.max(0, Math.round(share * (values.length - 1)))));
  };
  const step = values.length > 1 ? WIDTH / (values.length - 1) : 0;
  return (
    <figure className={styles.chart}>
      <figcaption>
        <strong>{name}</strong>{' '}
        <span className="muted">
          {at === null || pointed === null
            ? `${now}, ${peak}`
            : `${percentText(pointed, language)} · ${dateText(from + at * stepMs, language, 'short')}`}
        </span>
      </figcaption>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${name}: ${now}, ${peak}`}
        onPointerMove={point}
        onPointerLeave={() => setAt(null)}
      >
        {[0, 0.5, 1].map((share) => (
          <line key={share} className={styles.grid} x1={0} x2={WIDTH} y1={share * HEIGHT} y2={share * HEIGHT} />
        ))}
        <path className={styles.line} d={sparkPath(values, 100, WIDTH, HEIGHT, quietSteps(stepMs))} />
        {at !== null && <line className={styles.pointer} x1={at * step} x2={at * step} y1={0} y2={HEIGHT} />}
      </svg>
      <div className={styles.axis} aria-hidden>
        <span>{values.length > 0 && dateText(from, language, 'short')}</span>
        <span>{values.length > 0 && dateText(from + values.length * stepMs, language, 'short')}</span>
      </div>
    </figure>
  );
}
