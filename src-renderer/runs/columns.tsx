import type { Run } from '../../shared/protocol/rest/runs.ts';
import { runLabel } from '../../shared/model/run-label.ts';
import { isOver } from '../fleet/run-row.ts';
import { RunCounts, RunProgress } from '../parts/run-counts.tsx';
import { RunStatus } from '../parts/standing.tsx';
import type { Translate } from '../ui/i18n.ts';
import { Link } from '../ui/link.tsx';
import type { Column } from '../ui/table.tsx';
import { Duration, RelativeTime } from '../ui/time.tsx';
import styles from './columns.module.css';
import type { messages } from './messages.ts';

export const columnsOf = (t: Translate<typeof messages.en>): readonly Column<Run>[] => [
  { id: 'state', head: t('state'), width: '130px', cell: (run) => <RunStatus run={run} /> },
  {
    id: 'number',
    head: t('number'),
    width: '64px',
    align: 'end',
    wideOnly: true,
    cell: ({ number }) => `#${runLabel(number)}`,
  },
  {
    id: 'name',
    head: t('name'),
    cell: ({ number, name, reason }) => (
      <>
        <Link to="/runs/$run" params={{ run: String(number) }} title={name}>
          {name}
        </Link>
        {reason !== null && <span className="muted" title={reason}>{`  ${reason}`}</span>}
      </>
    ),
  },
  { id: 'project', head: t('project'), width: '120px', wideOnly: true, cell: ({ project }) => project },
  {
    id: 'tests',
    head: t('tests'),
    width: '240px',
    wideOnly: true,
    cell: (run) => (
      <span className={styles.tests}>
        {!isOver(run.status) && <RunProgress tests={run.tests} />}
        <RunCounts tests={run.tests} />
      </span>
    ),
  },
  {
    id: 'duration',
    head: t('duration'),
    width: '100px',
    align: 'end',
    wideOnly: true,
    cell: (run) =>
      run.started_at !== null && !isOver(run.status) ? (
        <Duration since={run.started_at} />
      ) : (
        <Duration value={run.duration_ms} />
      ),
  },
  {
    id: 'created',
    head: t('started'),
    width: '110px',
    align: 'end',
    cell: (run) => <RelativeTime at={run.created_at} />,
  },
  { id: 'by', head: t('by'), width: '110px', wideOnly: true, cell: ({ created_by }) => created_by },
];

/** A run on a phone: what it is, and how it stands. */
export function CompactRun(run: Run) {
  return (
    <span className={styles.compact}>
      <Link to="/runs/$run" params={{ run: String(run.number) }}>
        {run.name}
      </Link>
      <span className={styles.second}>
        <RunStatus run={run} />
        <RunCounts tests={run.tests} />
        <span className={styles.when}>
          <RelativeTime at={run.created_at} />
        </span>
      </span>
    </span>
  );
}
