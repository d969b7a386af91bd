import { useMemo } from 'react';
import type { FleetEvent } from '../../shared/protocol/events.ts';
import type { Worker } from '../../shared/protocol/rest/workers.ts';
import { eventKey, useEventHistory } from '../fleet/events.ts';
import { series, useMachines } from '../fleet/machines.ts';
import { useHeartbeats } from '../fleet/worker-tasks.ts';
import { EventLine } from '../parts/event-line.tsx';
import { bytesText, percentText } from '../parts/units.ts';
import { Button } from '../ui/button.tsx';
import { cx } from '../ui/class-names.ts';
import { useLanguage, useMessages } from '../ui/i18n.ts';
import { Section } from '../ui/page.tsx';
import { ErrorState, Skeleton } from '../ui/states.tsx';
import { dateText } from '../ui/time-text.ts';
import { DateTime, RelativeTime } from '../ui/time.tsx';
import { messages } from './messages.ts';
import styles from './worker.module.css';

/** When it was there, and what happened to it: joining, going, breakers, what people wanted of it. */
export function History({ worker }: { worker: Worker }) {
  const t = useMessages(messages);
  return (
    <div className={styles.stack}>
      <Section title={t('heartbeats')}>
        <Strip id={worker.id} />
        <Heartbeats id={worker.id} />
      </Section>
      <Section title={t('history')}>
        <Events worker={worker} />
      </Section>
    </div>
  );
}

const HOURS = 24;
const PARTS = 96;

/** A bar for each quarter of an hour: filled where it was heard. */
function Strip({ id }: { id: string }) {
  const t = useMessages(messages);
  const language = useLanguage();
  const ids = useMemo(() => [id], [id]);
  const { data } = useMachines(ids, HOURS, PARTS);
  const heard = useMemo(() => {
    const history = data?.byWorker.get(id) ?? [];
    // Whatever a heartbeat says, it was heard.
    return data
      ? series(
          history.map((point) => ({ ...point, cpu_percent: 1 })),
          data,
          'cpu',
        ).map((value) => value !== null)
      : [];
  }, [data, id]);
  if (!data) return null;
  const n = heard.filter(Boolean).length;
  return (
    <div className={styles.strip} role="img" aria-label={t('heartbeatsStrip', { hours: HOURS, n: PARTS, heard: n })}>
      {heard.map((yes, index) => (
        <span
          key={index}
          className={cx(styles.beat, yes && styles.heard)}
          title={`${dateText(data.from + index * data.stepMs, language, 'short')}: ${t(yes ? 'heartbeatsHeard' : 'heartbeatsSilent')}`}
        />
      ))}
    </div>
  );
}

function Heartbeats({ id }: { id: string }) {
  const t = useMessages(messages);
  const language = useLanguage();
  const { data, error } = useHeartbeats(id);
  if (error) return <ErrorState error={error} />;
  if (!data) return <Skeleton rows={2} />;
  if (data.length === 0) return <p className="muted">{t('heartbeatsNone')}</p>;
  const used = (part: number | null, whole: number | null) =>
    part === null || whole === null ? '–' : `${bytesText(part, language)} / ${bytesText(whole, language)}`;
  return (
    <details>
      <summary>{t('asTable')}</summary>
      <div className={styles.tableScroll} tabIndex={0} role="region" aria-label={t('heartbeats')}>
        <table className={styles.metrics} aria-label={t('heartbeats')}>
          <thead>
            <tr>
              {(['time', 'cpu', 'memory', 'diskFree', 'tasks'] as const).map((head) => (
                <th scope="col" key={head}>
                  {t(head)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {data.map((beat) => (
              <tr key={beat.at}>
                <th scope="row">
                  <DateTime at={beat.at} />
                </th>
                <td>{beat.cpu_percent === null ? '–' : percentText(beat.cpu_percent, language)}</td>
                <td>{used(beat.memory_used_bytes, beat.memory_total_bytes)}</td>
                <td>{used(beat.disk_free_bytes, beat.disk_total_bytes)}</td>
                <td>{beat.tasks_running}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

function Events({ worker }: { worker: Worker }) {
  const t = useMessages(messages);
  const filter = useMemo(() => ({ worker_id: worker.id }), [worker.id]);
  const query = useEventHistory(filter);
  const events: FleetEvent[] = query.data?.pages.flatMap((page) => page.events) ?? [];
  if (query.isPending) return <Skeleton rows={4} />;
  if (query.isError) return <ErrorState error={query.error} onRetry={() => void query.refetch()} />;
  return (
    <>
      <ol className={styles.events}>
        {events.map((event) => (
          <li key={eventKey(event)}>
            <span className="muted">
              <RelativeTime at={event.at} />
            </span>
            <EventLine event={event} />
          </li>
        ))}
      </ol>
      {query.hasNextPage && (
        <div>
          <Button busy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            {t('loadMore')}
          </Button>
        </div>
      )}
    </>
  );
}
