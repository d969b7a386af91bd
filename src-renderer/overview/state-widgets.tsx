/** Widgets of what goes on now: health, runs, queue, workers. */
import type { Run } from '../../shared/protocol/rest/runs.ts';
import { runLabel } from '../../shared/model/run-label.ts';
import type { Worker } from '../../shared/protocol/rest/workers.ts';
import { useHealth } from '../fleet/metrics.ts';
import { useWorkers } from '../fleet/workers.ts';
import { RunCounts, RunProgress } from '../parts/run-counts.tsx';
import { useLanguage, useMessages } from '../ui/i18n.ts';
import { Link } from '../ui/link.tsx';
import { CodeBlock } from '../ui/code-block.tsx';
import { ErrorState, Skeleton } from '../ui/states.tsx';
import { Badge, Sign, Status, type Tone } from '../ui/status.tsx';
import { Duration, RelativeTime, useNow } from '../ui/time.tsx';
import { durationText } from '../ui/time-text.ts';
import { messages } from './messages.ts';
import styles from './overview.module.css';
import { remainingMs } from './remaining.ts';
import { slotsOf, type SlotState } from './slots.ts';

const HEALTH_TONES = { good: 'passed', degraded: 'flaky', bad: 'failed' } as const;

export function HealthWidget() {
  const t = useMessages(messages);
  const { data, error, refetch } = useHealth();
  if (!data) return error ? <ErrorState error={error} onRetry={() => void refetch()} /> : <Skeleton rows={3} />;
  return (
    <>
      <p className={styles.score}>
        <b>{data.score}</b> <span className="muted">{t('ofHundred')}</span>{' '}
        <Status tone={HEALTH_TONES[data.state]}>{t(data.state)}</Status>
      </p>
      {data.reasons.length === 0 ? (
        <p className="muted">{t('healthFine')}</p>
      ) : (
        <ul className={styles.reasons}>
          {data.reasons.map((reason) => (
            <li key={reason.code}>
              <Sign tone={reason.severity === 'critical' ? 'failed' : 'flaky'} /> {reason.detail}{' '}
              <span className="muted">−{reason.points}</span>{' '}
              {reason.worker_ids.length > 0 && <Link to="/workers">{t('toWorkers')}</Link>}{' '}
              {reason.run_ids[0] !== undefined && (
                <Link to="/runs/$run" params={{ run: reason.run_ids[0] }}>
                  {t('toRun')}
                </Link>
              )}
            </li>
          ))}
        </ul>
      )}
      <p className="muted">
        {t('healthCounts', { online: data.workers.online, total: data.workers.total })}
        {' · '}
        {t('slotCounts', { busy: data.workers.slots_busy, slots: data.workers.slots })}
      </p>
    </>
  );
}

export function ActiveWidget({ runs }: { runs: readonly Run[] }) {
  const t = useMessages(messages);
  if (runs.length === 0) return <p className="muted">{t('activeNone')}</p>;
  return (
    <ul className={styles.rows}>
      {runs.map((run) => (
        <ActiveRun key={run.id} run={run} />
      ))}
    </ul>
  );
}

function ActiveRun({ run }: { run: Run }) {
  const t = useMessages(messages);
  const language = useLanguage();
  const left = remainingMs(run, useNow(1000));
  return (
    <li className={styles.run}>
      <div className={styles.line}>
        <Link to="/runs/$run" params={{ run: String(run.number) }} className={styles.name}>
          #{runLabel(run.number)} {run.name}
        </Link>
        <span className="muted">{run.project}</span>
        <RunCounts tests={run.tests} />
      </div>
      <RunProgress tests={run.tests} />
      <div className={styles.line}>
        <span className="muted">
          {run.started_at === null ? t('preparing') : <Duration since={run.started_at} />}
          {left !== null && ` · ${t('left', { time: durationText(left, language) })}`}
        </span>
        {run.deadline && run.deadline.state !== 'on_time' && (
          <Status tone={run.deadline.state === 'late' ? 'failed' : 'flaky'}>{t(run.deadline.state)}</Status>
        )}
        {run.reason !== null && <span className="muted">{run.reason}</span>}
      </div>
    </li>
  );
}

export function QueueWidget({ runs }: { runs: readonly Run[] }) {
  const t = useMessages(messages);
  if (runs.length === 0) return <p className="muted">{t('queueNone')}</p>;
  return (
    <ul className={styles.rows}>
      {runs.map((run) => (
        <li key={run.id} className={styles.run}>
          <div className={styles.line}>
            <Link to="/runs/$run" params={{ run: String(run.number) }} className={styles.name}>
              #{runLabel(run.number)} {run.name}
            </Link>
            {run.priority !== 100 && <Badge>{t('priority', { n: run.priority })}</Badge>}
            <span className="muted">
              <RelativeTime at={run.created_at} />
            </span>
          </div>
          {run.reason !== null && <span className="muted">{run.reason}</span>}
        </li>
      ))}
    </ul>
  );
}

const SLOT_TONES: Record<SlotState, Tone> = {
  busy: 'running',
  free: 'passed',
  paused: 'skipped',
  blocked: 'flaky',
  offline: 'failed',
};
const SLOT_STATES: readonly SlotState[] = ['busy', 'free', 'paused', 'blocked', 'offline'];
const SLOT_SIGNS: Record<SlotState, string> = { busy: '◌', free: '·', paused: '‖', blocked: '▲', offline: '✕' };
/** More would say nothing: the number stands beside them. */
const MOST_SLOTS = 32;
const MOST_WORKERS = 40;

export function WorkersWidget() {
  const t = useMessages(messages);
  const { workers, data, error, refetch } = useWorkers();
  if (!data) return error ? <ErrorState error={error} onRetry={() => void refetch()} /> : <Skeleton rows={3} />;
  if (workers.length === 0)
    return (
      <>
        <p className="muted">{t('workersNone')}</p>
        <CodeBlock text="npx playfleet token create --join" />
      </>
    );
  return (
    <>
      <ul className={styles.workers}>
        {workers.slice(0, MOST_WORKERS).map((worker) => (
          <WorkerRow key={worker.id} worker={worker} />
        ))}
      </ul>
      {workers.length > MOST_WORKERS && (
        <Link to="/workers">{t('moreWorkers', { n: workers.length - MOST_WORKERS })}</Link>
      )}
      <p className={styles.legend}>
        {SLOT_STATES.map((state) => (
          <span key={state} className="muted">
            <SlotCell state={state} /> {t(`slot_${state}`)}
          </span>
        ))}
      </p>
    </>
  );
}

function WorkerRow({ worker }: { worker: Worker }) {
  const t = useMessages(messages);
  const slots = slotsOf(worker);
  const said = SLOT_STATES.map((state) => ({ state, n: slots.filter((slot) => slot === state).length }))
    .filter(({ n }) => n > 0)
    .map(({ state, n }) => `${n} ${t(`slot_${state}`)}`)
    .join(', ');
  return (
    <li className={styles.worker}>
      <Link to="/workers/$worker" params={{ worker: worker.id }} className={styles.name}>
        {worker.hostname}
      </Link>
      <span className={styles.cells} role="img" aria-label={said} title={said}>
        {slots.slice(0, MOST_SLOTS).map((state, i) => (
          <SlotCell key={i} state={state} />
        ))}
        {slots.length > MOST_SLOTS && <span className="muted">+{slots.length - MOST_SLOTS}</span>}
      </span>
    </li>
  );
}

function SlotCell({ state }: { state: SlotState }) {
  return (
    <span className={`${styles.cell} ${styles[SLOT_TONES[state]]}`} aria-hidden>
      {SLOT_SIGNS[state]}
    </span>
  );
}
