import type { Task } from '../../../shared/protocol/rest/tasks.ts';
import { Ansi } from '../../ui/ansi.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { useMessages } from '../../ui/i18n.ts';
import { Link } from '../../ui/link.tsx';
import { Facts } from '../../ui/page.tsx';
import { Status } from '../../ui/status.tsx';
import { DateTime, Duration } from '../../ui/time.tsx';
import { messages } from './messages.ts';
import styles from './task-dialog.module.css';
import { useTaskName } from './task-name.tsx';
import { TASK_TONES } from './task-tones.ts';

type Attempt = Task['attempts'][number];

/** All tries of a task, with what was decided after each of them and why. */
export function TaskDialog({ task, onClose }: { task: Task; onClose: () => void }) {
  const t = useMessages(messages);
  const nameOf = useTaskName();
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title={nameOf(task)} wide>
      <Facts
        items={[
          [t('state'), <Status tone={TASK_TONES[task.status]}>{t(task.status)}</Status>],
          ...(task.reason === null ? [] : [[t('reason'), task.reason] as const]),
          ...(task.ask === null ? [] : [[t('ask'), task.ask] as const]),
          [t('retries'), `${task.retry_count} / ${task.max_retries}`],
        ]}
      />
      {task.error_message !== null && (
        <section>
          <h3>{t('error')}</h3>
          <pre className={styles.error} tabIndex={0}>
            <Ansi text={task.error_stack ?? task.error_message} />
          </pre>
        </section>
      )}
      {task.attempts.length === 0 ? (
        <p className="muted">{t('neverGiven')}</p>
      ) : (
        <ol className={styles.attempts}>
          {task.attempts.map((attempt) => (
            <li key={attempt.attempt}>
              <AttemptFacts attempt={attempt} />
            </li>
          ))}
        </ol>
      )}
    </Dialog>
  );
}

function AttemptFacts({ attempt }: { attempt: Attempt }) {
  const t = useMessages(messages);
  const memory = attempt.peak_memory_bytes;
  const used = [
    t('slots', { n: attempt.slots }),
    ...(attempt.mean_cpu_percent === null ? [] : [t('cpu', { n: Math.round(attempt.mean_cpu_percent) })]),
    ...(memory === null ? [] : [t('memory', { size: `${Math.round(memory / 2 ** 20)} MiB` })]),
  ];
  const lasted = attempt.ended_at === null ? null : Date.parse(attempt.ended_at) - Date.parse(attempt.granted_at);
  return (
    <>
      <h3>
        {t('attempt', { n: attempt.attempt })} ·{' '}
        <Link to="/workers/$worker" params={{ worker: attempt.worker_id }}>
          {attempt.worker ?? attempt.worker_id}
        </Link>
      </h3>
      <Facts
        items={[
          [t('granted'), <DateTime at={attempt.granted_at} />],
          [
            t('duration'),
            lasted === null ? (
              <>
                <Duration since={attempt.granted_at} /> {t('still')}
              </>
            ) : (
              <Duration value={lasted} />
            ),
          ],
          ...(attempt.ended === null ? [] : [[t('state'), attempt.ended] as const]),
          ...(attempt.reason === null ? [] : [[t('reason'), attempt.reason] as const]),
          ...(attempt.step === null ? [] : [[t(`step_${attempt.step}`), attempt.why ?? ''] as const]),
          ...(attempt.blame === null ? [] : [[t('blame'), t(`blame_${attempt.blame}`)] as const]),
          ...(attempt.running_test_ids.length === 0
            ? []
            : [[t('tests'), t('wasRunning', { n: attempt.running_test_ids.length })] as const]),
          ['', <span className="muted">{used.join(' · ')}</span>],
        ]}
      />
    </>
  );
}
