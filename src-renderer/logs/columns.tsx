import { useMemo } from 'react';
import { runLabel } from '../../shared/model/run-label.ts';
import type { FleetEvent } from '../../shared/protocol/events.ts';
import type { Worker } from '../../shared/protocol/rest/workers.ts';
import { useFleetStore } from '../fleet/store.ts';
import { EventLine } from '../parts/event-line.tsx';
import { useLanguage, useMessages } from '../ui/i18n.ts';
import { Link } from '../ui/link.tsx';
import type { Column } from '../ui/table.tsx';
import { dateText } from '../ui/time-text.ts';
import styles from './logs.module.css';
import { messages } from './messages.ts';

export function useColumns(workers: readonly Worker[]): Column<FleetEvent>[] {
  const t = useMessages(messages);
  const language = useLanguage();
  const names = workers.map(({ id, hostname }) => `${id}\n${hostname}`).join('\n\n');
  return useMemo(() => {
    const nameOf = new Map(names.split('\n\n').map((pair) => pair.split('\n') as [string, string]));
    return [
      {
        id: 'at',
        head: t('time'),
        width: 'clamp(96px, 26vw, 170px)',
        cell: ({ at }) => (
          <time dateTime={new Date(at).toISOString()} title={dateText(at, language, 'full')} className={styles.time}>
            <span className={styles.day}>{dateText(at, language, 'day')} </span>
            {dateText(at, language, 'time')}
          </time>
        ),
      },
      { id: 'type', head: t('type'), width: '140px', wideOnly: true, cell: ({ type }) => <code>{type}</code> },
      { id: 'text', head: t('message'), cell: (event) => <EventLine event={event} /> },
      {
        id: 'where',
        head: t('where'),
        width: '220px',
        wideOnly: true,
        cell: (event) => <Where event={event} nameOf={nameOf} />,
      },
    ];
  }, [t, language, names]);
}

function Where({ event, nameOf }: { event: FleetEvent; nameOf: ReadonlyMap<string, string> }) {
  const t = useMessages(messages);
  const { run_id: run, worker_id: worker } = event;
  const number = useFleetStore(({ mirror }) => (run === null ? undefined : mirror.runs.get(run)?.value.number));
  return (
    <>
      {run !== null && (
        <Link to="/runs/$run" params={{ run: number === undefined ? run : String(number) }}>
          {number === undefined ? t('run') : `#${runLabel(number)}`}
        </Link>
      )}{' '}
      {worker !== null && (
        <Link to="/workers/$worker" params={{ worker }}>
          {nameOf.get(worker) ?? t('workerOne')}
        </Link>
      )}
    </>
  );
}
