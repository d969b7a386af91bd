import type { Worker } from '../../shared/protocol/rest/workers.ts';
import { runLabel } from '../../shared/model/run-label.ts';
import { useRunningTests } from '../fleet/running-tests.ts';
import { useRun } from '../fleet/runs.ts';
import { kindText, SlotCells } from '../parts/slot-cells.tsx';
import { messages as partMessages } from '../parts/worker-messages.ts';
import { bytesText } from '../parts/units.ts';
import { slotsOf } from '../parts/worker-standing.ts';
import { useLanguage, useMessages } from '../ui/i18n.ts';
import { Link } from '../ui/link.tsx';
import { Card, Facts, Section } from '../ui/page.tsx';
import { Sign } from '../ui/status.tsx';
import { Duration, RelativeTime } from '../ui/time.tsx';
import { Breaker } from './breaker.tsx';
import { Capabilities } from './capabilities.tsx';
import { hasOtherTags } from './draft.ts';
import { messages } from './messages.ts';
import { Metrics } from './metrics.tsx';
import styles from './worker.module.css';

type Task = Worker['current_tasks'][number];

export function Now({ worker, hours, onHours }: { worker: Worker; hours: string; onHours: (hours: string) => void }) {
  const t = useMessages(messages);
  return (
    <div className={styles.stack}>
      <Section title={t('current')} actions={<SlotsInUse worker={worker} />}>
        {worker.current_tasks.length === 0 ? (
          <p className="muted">
            {worker.status === 'offline' ? (
              <>
                {t('idleOffline')} <RelativeTime at={worker.last_seen_at} />
              </>
            ) : (
              t('idleNow')
            )}
          </p>
        ) : (
          <ul className={styles.tasks}>
            {worker.current_tasks.map((task) => (
              <CurrentTask key={task.id} task={task} />
            ))}
          </ul>
        )}
      </Section>
      <Metrics id={worker.id} hours={hours} onHours={onHours} />
      <div className={styles.columns}>
        <Card title={t('details')}>
          <Details worker={worker} />
        </Card>
        <Card title={t('capabilities')}>
          <Capabilities worker={worker} />
        </Card>
      </div>
    </div>
  );
}

function SlotsInUse({ worker }: { worker: Worker }) {
  const t = useMessages(messages);
  const { tasks, more, free } = slotsOf(worker);
  const busy = tasks.length + more;
  return (
    <>
      <SlotCells worker={worker} /> <span className="muted">{t('slotsOf', { busy, all: busy + free })}</span>
    </>
  );
}

function CurrentTask({ task }: { task: Task }) {
  const t = useMessages(messages);
  const words = useMessages(partMessages);
  const running = useRunningTests(task.id);
  const { run } = useRun(task.test_run_id);
  return (
    <li className={styles.task}>
      <span>
        <Sign tone="running" />{' '}
        <Link to="/runs/$run" params={{ run: String(run?.number ?? task.test_run_id) }}>
          {run ? `#${runLabel(run.number)} ${run.name}` : t('openRun', { number: '' })}
        </Link>{' '}
        <span className="muted">{kindText(task.kind, words)}</span>
      </span>
      {running.length === 0 ? (
        <span className="muted">{task.kind === 'discover' ? '' : words('taskWithoutTest')}</span>
      ) : (
        <ul>
          {running.map((test) => (
            <li key={`${test.test_id} ${test.retry}`} className={styles.test}>
              <Link
                to="/runs/$run/tests/$test"
                params={{ run: String(run?.number ?? task.test_run_id), test: test.test_id }}
              >
                {test.title}
              </Link>
              <span className="muted">
                <Duration since={test.since} />
              </span>
            </li>
          ))}
        </ul>
      )}
    </li>
  );
}

function Details({ worker }: { worker: Worker }) {
  const t = useMessages(messages);
  const language = useLanguage();
  const { allocated } = worker;
  const speed = worker.speed.toLocaleString(language, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  const set = { cpus: allocated.cpus, memory: bytesText(allocated.memory_bytes, language) };
  const asksNothing = allocated.cpus === 0 && allocated.memory_bytes === 0;
  return (
    <Facts
      items={[
        [t('lastSeen'), <RelativeTime key="seen" at={worker.last_seen_at} />],
        [
          t('speed'),
          <span key="speed">
            {t('speedValue', { speed })} <span className="muted">{t('speedWhy')}</span>
          </span>,
        ],
        [t('completed'), t('completedValue', { completed: worker.total_completed, failed: worker.total_failed })],
        [
          t('averageTask'),
          worker.average_task_duration_ms === null ? (
            '–'
          ) : (
            <Duration key="mean" value={worker.average_task_duration_ms} />
          ),
        ],
        [t('allocated'), asksNothing ? t('allocatedNothing') : t('allocatedValue', set)],
        [t('breaker'), <Breaker key="breaker" worker={worker} />],
        [
          t('projects'),
          worker.allow_projects === null ? t('allProjects') : worker.allow_projects.join(', ') || t('none'),
        ],
        [t('tags'), worker.tags.join(', ') || t('none')],
        ...(hasOtherTags(worker) ? [[t('tagsOwn'), worker.own_tags.join(', ') || t('none')] as const] : []),
        [t('address'), worker.ip_address],
        [t('version'), worker.agent_version ?? '–'],
        ...(worker.notes === '' ? [] : [[t('notes'), worker.notes] as const]),
      ]}
    />
  );
}
