import type { ReactNode } from 'react';
import type { Comparison } from '../../shared/protocol/rest/analysis.ts';
import { useLanguage, useMessages } from '../ui/i18n.ts';
import { Link } from '../ui/link.tsx';
import { Status, type Tone } from '../ui/status.tsx';
import type { Column } from '../ui/table.tsx';
import { Duration } from '../ui/time.tsx';
import styles from './page.module.css';
import { messages } from './messages.ts';

export type Change = Comparison['items'][number];
type Side = Change['now'];

/** A change with the runs that it lies between, so that each cell can lead to both. */
export interface ChangeRow extends Change {
  nowRun: string;
  beforeRun: string;
}

const TONES = { expected: 'passed', unexpected: 'failed', flaky: 'flaky', skipped: 'skipped' } as const;
const CHANGE_TONES: Record<Change['change'], Tone> = {
  newly_failing: 'failed',
  fixed: 'passed',
  still_failing: 'failed',
  newly_flaky: 'flaky',
  slower: 'flaky',
  faster: 'passed',
  added: 'running',
  removed: 'skipped',
};

export const changeTone = (change: Change['change']): Tone => CHANGE_TONES[change];

/** By which factor the duration changed: `+120 %`. null where one of them is not known. */
export function durationChange(before: Side, now: Side, language: string): string | null {
  const [from, to] = [before?.duration_ms, now?.duration_ms];
  if (from == null || to == null || from <= 0) return null;
  return (to / from - 1).toLocaleString(language, { style: 'percent', signDisplay: 'exceptZero' });
}

function Outcome({ side, run, test, title }: { side: Side; run: string; test: string; title: string }): ReactNode {
  const t = useMessages(messages);
  if (side === null) return <span className="muted">{t('absent')}</span>;
  const { outcome } = side;
  return (
    <Link to="/runs/$run/tests/$test" params={{ run, test }} aria-label={`${title}, #${run}: ${t(outcome ?? 'open')}`}>
      <Status tone={outcome === null ? 'running' : TONES[outcome]}>{t(outcome ?? 'open')}</Status>
    </Link>
  );
}

function Durations({ row }: { row: ChangeRow }) {
  const language = useLanguage();
  const change = durationChange(row.before, row.now, language);
  return (
    <>
      {row.before && (
        <span className="muted">
          <Duration value={row.before.duration_ms} />
          {row.now && ' → '}
        </span>
      )}
      {row.now && <Duration value={row.now.duration_ms} />}
      {change !== null && <span className={styles.factor}> {change}</span>}
    </>
  );
}

/** The columns in the words of now. */
export function columnsIn(t: ReturnType<typeof useMessages<typeof messages.en>>): Column<ChangeRow>[] {
  return [
    {
      id: 'change',
      head: t('change'),
      width: '150px',
      cell: ({ change }) => <Status tone={CHANGE_TONES[change]}>{t(change)}</Status>,
    },
    {
      id: 'test',
      head: t('test'),
      cell: (row) => (
        <span title={`${row.file}:${row.line}`}>
          {row.title} <span className="muted">{row.file}</span>
        </span>
      ),
    },
    { id: 'project', head: t('project'), width: '110px', wideOnly: true, cell: ({ project }) => project },
    {
      id: 'before',
      head: t('outcomeBefore'),
      width: '120px',
      wideOnly: true,
      cell: (row) => <Outcome side={row.before} run={row.beforeRun} test={row.test_id} title={row.title} />,
    },
    {
      id: 'now',
      head: t('outcomeNow'),
      width: '120px',
      cell: (row) => <Outcome side={row.now} run={row.nowRun} test={row.test_id} title={row.title} />,
    },
    {
      id: 'duration',
      head: t('duration'),
      width: '200px',
      align: 'end',
      wideOnly: true,
      cell: (row) => <Durations row={row} />,
    },
  ];
}
