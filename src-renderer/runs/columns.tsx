import type { Run } from '../../shared/protocol/rest/runs.ts';
import { isOver } from '../fleet/run-row.ts';
import { RunCounts, RunProgress } from '../parts/run-counts.tsx';
import { RunStatus } from '../parts/standing.tsx';
import type { Translate } from '../ui/i18n.ts';
import { Link } from '../ui/link.tsx';
import type { Column } from '../ui/table.tsx';
import { Duration, RelativeTime } from '../ui/time.tsx';
import type { messages } from './messages.ts';

export const columnsOf = (t: Translate<typeof messages.en>): readonly Column<Run>[] => [
  { id: 'state', head: t('state'), width: '130px', cell: (run) => <RunStatus run={run} /> },
  { id: 'number', head: t('number'), width: '64px', align: 'end', wideOnly: true, cell: ({ number }) => `#${number}` },
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
  { id: 'project', head: t('project'), width: '14%', wideOnly: true, cell: ({ project }) => project },
  {
    id: 'progress',
    head: t('tests'),
    width: '110px',
    wideOnly: true,
    cell: (run) => (isOver(run.status) ? String(run.tests.total) : <RunProgress tests={run.tests} />),
  },
  { id: 'counts', head: '', width: '190px', wideOnly: true, cell: ({ tests }) => <RunCounts tests={tests} /> },
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
  { id: 'by', head: t('by'), width: '10%', wideOnly: true, cell: ({ created_by }) => created_by },
];
