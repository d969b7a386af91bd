/** One chart: what it shows in a sentence, the picture or the table of the same, a link to it and its figures as a file. */
import { Download, Link2, Table2, ChartLine } from 'lucide-react';
import { useCallback, type ReactNode } from 'react';
import type { EChartsCoreOption } from 'echarts/core';
import { IconButton } from '../ui/button.tsx';
import { useLanguage, useMessages } from '../ui/i18n.ts';
import { Link } from '../ui/link.tsx';
import { EmptyState, ErrorState, Skeleton } from '../ui/states.tsx';
import { durationText } from '../ui/time-text.ts';
import { toastDone, toastError } from '../ui/toast.tsx';
import styles from './analytics.module.css';
import { Chart } from './chart.tsx';
import { csvOf, type DataColumn, type DataRow, type Dataset } from './dataset.ts';
import { messages } from './messages.ts';
import type { Look } from './options.ts';

export type Format = (value: number, kind: DataColumn['kind']) => string;

export function useFormat(): Format {
  const language = useLanguage();
  return useCallback(
    (value, kind) => {
      if (kind === 'duration') return durationText(value, language);
      if (kind === 'rate') return value.toLocaleString(language, { style: 'percent', maximumFractionDigits: 1 });
      return value.toLocaleString(language);
    },
    [language],
  );
}

export interface ChartCardProps {
  id: string;
  title: string;
  /** Says in words what is to be seen. */
  sentence: string;
  /** undefined: not read yet. */
  data: Dataset | undefined;
  error: unknown;
  onRetry: () => void;
  /** What is needed for it to show something; with the command that gives it. */
  empty: { title: string; command?: string };
  height: number;
  optionOf: (look: Look) => EChartsCoreOption;
  asTable: boolean;
  onTable: (asTable: boolean) => void;
  /** What does not hold for it of what was chosen above. */
  note?: ReactNode;
  controls?: ReactNode;
}

export function ChartCard(props: ChartCardProps) {
  const { id, title, sentence, data, error, onRetry, empty, height, optionOf, asTable, onTable, note, controls } =
    props;
  const t = useMessages(messages);
  const filled = data !== undefined && data.rows.length > 0;
  return (
    <section className={styles.card} id={id} aria-labelledby={`${id}-title`}>
      <header className={styles.head}>
        <h2 id={`${id}-title`}>{title}</h2>
        <div className={styles.tools}>
          {controls}
          {filled && (
            <>
              <IconButton
                label={asTable ? t('asChart', { title }) : t('asTable', { title })}
                icon={asTable ? <ChartLine size={14} aria-hidden /> : <Table2 size={14} aria-hidden />}
                onClick={() => onTable(!asTable)}
              />
              <IconButton
                label={t('download', { title })}
                icon={<Download size={14} aria-hidden />}
                onClick={() => save(`${id}.csv`, csvOf(data))}
              />
            </>
          )}
          <IconButton
            label={t('linkTo', { title })}
            icon={<Link2 size={14} aria-hidden />}
            onClick={() => void copyLink(id, t('linkCopied'))}
          />
        </div>
      </header>
      {note !== undefined && <p className={styles.note}>{note}</p>}
      {error && !data ? (
        <ErrorState error={error} onRetry={onRetry} />
      ) : data === undefined ? (
        <Skeleton rows={6} />
      ) : !filled ? (
        <EmptyState title={empty.title} {...(empty.command === undefined ? {} : { command: empty.command })} />
      ) : (
        <>
          <p className="muted">{sentence}</p>
          {asTable ? (
            <DataTable data={data} label={title} />
          ) : (
            <Chart label={`${title}. ${sentence}`} height={height} optionOf={optionOf} />
          )}
        </>
      )}
    </section>
  );
}

function DataTable({ data, label }: { data: Dataset; label: string }) {
  const format = useFormat();
  return (
    <div className={styles.scroll} tabIndex={0} role="region" aria-label={label}>
      <table className={styles.table}>
        <thead>
          <tr>
            {data.columns.map(({ id, head, kind }) => (
              <th key={id} scope="col" className={kind === 'text' ? undefined : styles.end}>
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {data.rows.map((row, i) => (
            <tr key={i}>
              {row.cells.map((cell, at) => {
                const kind = data.columns[at]?.kind ?? 'text';
                const text = cell === null ? '–' : typeof cell === 'number' ? format(cell, kind) : cell;
                return (
                  <td key={at} className={kind === 'text' ? undefined : styles.end}>
                    {at === 0 ? <RowLink link={row.link}>{text}</RowLink> : text}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function RowLink({ link, children }: { link: DataRow['link']; children: ReactNode }) {
  if (!link) return children;
  if ('worker' in link)
    return (
      <Link to="/workers/$worker" params={{ worker: link.worker }}>
        {children}
      </Link>
    );
  if (link.test === undefined)
    return (
      <Link to="/runs/$run" params={{ run: link.run }}>
        {children}
      </Link>
    );
  return (
    <Link to="/runs/$run/tests/$test" params={{ run: link.run, test: link.test }}>
      {children}
    </Link>
  );
}

function save(name: string, text: string): void {
  // Spreadsheets take it for UTF-8 only with this at its beginning.
  const url = URL.createObjectURL(new Blob(['\uFEFF', text], { type: 'text/csv;charset=utf-8' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}

async function copyLink(id: string, done: string): Promise<void> {
  const url = new URL(location.href);
  url.hash = id;
  history.replaceState(history.state, '', url);
  try {
    await navigator.clipboard.writeText(url.href);
    toastDone(done);
  } catch (error) {
    // The address bar has it all the same.
    toastError(error);
  }
}
