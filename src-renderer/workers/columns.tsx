/** The columns of the list. */
import { createContext, useContext, useMemo } from 'react';
import type { Worker } from '../../shared/protocol/rest/workers.ts';
import { figureOf, quietSteps, series, type MachineFigure, type MachinesSince } from '../fleet/machines.ts';
import { SlotCells } from '../parts/slot-cells.tsx';
import { percentText } from '../parts/units.ts';
import { WorkerState } from '../parts/worker-state.tsx';
import { useLanguage, useMessages } from '../ui/i18n.ts';
import { Link } from '../ui/link.tsx';
import { Sparkline } from '../ui/sparkline.tsx';
import { Badge } from '../ui/status.tsx';
import type { Column } from '../ui/table.tsx';
import { RelativeTime } from '../ui/time.tsx';
import { messages } from './messages.ts';
import styles from './workers.module.css';

/** Rows are drawn anew only when their worker is another one; what comes with time reaches the cells past them. */
export const MachinesContext = createContext<MachinesSince | undefined>(undefined);

export function useColumns(): Column<Worker>[] {
  const t = useMessages(messages);
  return useMemo(
    () => [
      { id: 'name', head: t('name'), sortable: true, cell: (worker) => <Name worker={worker} /> },
      {
        id: 'state',
        head: t('state'),
        width: 'clamp(96px, 24vw, 130px)',
        sortable: true,
        cell: (worker) => <WorkerState worker={worker} />,
      },
      {
        id: 'slots',
        head: t('slots'),
        width: 'clamp(72px, 20vw, 132px)',
        sortable: true,
        cell: (worker) => <SlotCells worker={worker} />,
      },
      ...(['cpu', 'memory', 'disk'] as const).map((figure) => ({
        id: figure,
        head: t(figure),
        width: '118px',
        wideOnly: true,
        ...(figure === 'cpu' ? { sortable: true } : {}),
        cell: (worker: Worker) => <Usage worker={worker} figure={figure} />,
      })),
      {
        id: 'speed',
        head: t('speed'),
        width: '92px',
        align: 'end',
        wideOnly: true,
        sortable: true,
        cell: (worker) => <Speed worker={worker} />,
      },
      {
        id: 'version',
        head: t('version'),
        width: '100px',
        wideOnly: true,
        sortable: true,
        cell: (worker) => worker.agent_version ?? '',
      },
      {
        id: 'seen',
        head: t('lastSeen'),
        width: '120px',
        wideOnly: true,
        sortable: true,
        cell: (worker) => <RelativeTime at={worker.last_seen_at} />,
      },
    ],
    [t],
  );
}

function Name({ worker }: { worker: Worker }) {
  return (
    <>
      <Link to="/workers/$worker" params={{ worker: worker.id }}>
        {worker.hostname}
      </Link>
      <span className={styles.tags}>
        {worker.tags.map((tag) => (
          <Badge key={tag}>{tag}</Badge>
        ))}
      </span>
    </>
  );
}

function Usage({ worker, figure }: { worker: Worker; figure: MachineFigure }) {
  const t = useMessages(messages);
  const language = useLanguage();
  const since = useContext(MachinesContext);
  const now = worker.status === 'offline' || worker.metrics === null ? null : figureOf(worker.metrics, figure);
  const history = since?.byWorker.get(worker.id);
  const percent = now === null ? null : percentText(now, language);
  const label = percent === null ? t('usageUnknown', { what: t(figure) }) : t('usage', { what: t(figure), percent });
  return (
    <span className={styles.usage}>
      {since && history ? (
        <Sparkline
          values={series(history, since, figure)}
          max={100}
          width={56}
          bridge={quietSteps(since.stepMs)}
          label={label}
        />
      ) : null}
      <span className={styles.percent}>{percent ?? '–'}</span>
    </span>
  );
}

function Speed({ worker }: { worker: Worker }) {
  const t = useMessages(messages);
  const language = useLanguage();
  const speed = worker.speed.toLocaleString(language, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  return <span title={t('speedWhy', { speed })}>{`${speed} ×`}</span>;
}
