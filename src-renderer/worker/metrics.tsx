import { useMemo, useState } from 'react';
import { series, useMachines, type MachineFigure } from '../fleet/machines.ts';
import { percentText } from '../parts/units.ts';
import { Select, Switch } from '../ui/field.tsx';
import { useLanguage, useMessages } from '../ui/i18n.ts';
import { Section } from '../ui/page.tsx';
import { ErrorState } from '../ui/states.tsx';
import { dateText } from '../ui/time-text.ts';
import { messages } from './messages.ts';
import { MetricChart } from './metric-chart.tsx';
import styles from './worker.module.css';

const FIGURES = ['cpu', 'memory', 'disk'] as const satisfies readonly MachineFigure[];
const RANGES = [1, 6, 24, 48] as const;
const POINTS = 120;

/** CPU, memory and disk over time. */
export function Metrics({ id, hours, onHours }: { id: string; hours: string; onHours: (hours: string) => void }) {
  const t = useMessages(messages);
  const [table, setTable] = useState(false);
  const range = RANGES.find((one) => String(one) === hours) ?? 1;
  const ids = useMemo(() => [id], [id]);
  const { data, error, refetch } = useMachines(ids, range, POINTS);
  const history = data?.byWorker.get(id) ?? [];
  return (
    <Section
      title={t('metrics')}
      actions={
        <>
          <Switch label={t('asTable')} checked={table} onChange={setTable} />
          <Select
            aria-label={t('range')}
            value={String(range)}
            onChange={onHours}
            options={RANGES.map((n) => ({ value: String(n), label: t('hours', { n }) }))}
          />
        </>
      }
    >
      {error ? (
        <ErrorState error={error} onRetry={() => void refetch()} />
      ) : data && history.length === 0 ? (
        <p className="muted">{t('metricsNone')}</p>
      ) : data && table ? (
        <MetricTable
          rows={FIGURES.map((figure) => series(history, data, figure))}
          from={data.from}
          stepMs={data.stepMs}
        />
      ) : (
        <div className={styles.charts}>
          {FIGURES.map((figure) => (
            <MetricChart
              key={figure}
              name={t(figure)}
              values={data ? series(history, data, figure) : []}
              from={data?.from ?? 0}
              stepMs={data?.stepMs ?? 1}
            />
          ))}
        </div>
      )}
    </Section>
  );
}

interface MetricTableProps {
  rows: readonly (readonly (number | null)[])[];
  from: number;
  stepMs: number;
}

function MetricTable({ rows, from, stepMs }: MetricTableProps) {
  const t = useMessages(messages);
  const language = useLanguage();
  const [first = []] = rows;
  const known = first.map((_, index) => index).filter((index) => rows.some((row) => row[index] !== null));
  return (
    <div className={styles.tableScroll} tabIndex={0} role="region" aria-label={t('metrics')}>
      <table className={styles.metrics} aria-label={t('metrics')}>
        <thead>
          <tr>
            <th scope="col">{t('time')}</th>
            {FIGURES.map((figure) => (
              <th scope="col" key={figure}>
                {t(figure)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {known.reverse().map((index) => (
            <tr key={index}>
              <th scope="row">{dateText(from + index * stepMs, language, 'short')}</th>
              {rows.map((row, figure) => {
                const value = row[index] ?? null;
                return <td key={FIGURES[figure]}>{value === null ? '–' : percentText(value, language)}</td>;
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
