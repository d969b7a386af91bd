/** What one wants to know of a run at a glance: how far it is, how it stands, of what it is, who started it. */
import type { Run } from '../../../shared/protocol/rest/runs.ts';
import { isOver } from '../../fleet/run-row.ts';
import { RunCounts, RunProgress } from '../../parts/run-counts.tsx';
import { useLanguage, useMessages } from '../../ui/i18n.ts';
import { Link } from '../../ui/link.tsx';
import { Badge, Sign, type Tone } from '../../ui/status.tsx';
import { durationText } from '../../ui/time-text.ts';
import { DateTime, Duration, RelativeTime, useNow } from '../../ui/time.tsx';
import styles from './head.module.css';
import { messages } from './messages.ts';
import { originOf } from './origin.ts';
import { timeLeft } from './time-left.ts';

export function Head({ run }: { run: Run }) {
  const t = useMessages(messages);
  const over = isOver(run.status);
  return (
    <div className={styles.head}>
      <Origin run={run} />
      {run.reason !== null && run.reason !== '' && (
        <p className={styles.reason} role="status">
          <Sign tone={over ? 'failed' : 'flaky'} />
          {run.reason}
        </p>
      )}
      {run.quarantined.length > 0 && (
        <p className={styles.reason}>
          <Sign tone="flaky" />
          {t('quarantined', { n: run.quarantined.length })}
          <Link to="." search={(before: Record<string, unknown>) => ({ ...before, tab: 'details' })}>
            {t('quarantinedLink')}
          </Link>
        </p>
      )}
      <RunProgress tests={run.tests} />
      <div className={styles.figures}>
        <RunCounts tests={run.tests} />
        <span className="muted">{t('ofTests', { settled: run.tests.settled, total: run.tests.total })}</span>
        <Taken run={run} />
        <Left run={run} />
        <Deadline run={run} />
        <ReportState run={run} />
      </div>
    </div>
  );
}

function Origin({ run }: { run: Run }) {
  const t = useMessages(messages);
  const { branch, commit, changed } = originOf(run);
  return (
    <div className={styles.origin}>
      <Link to="/runs" search={{ project: run.project }}>
        {run.project}
      </Link>
      {branch !== null && <Badge>{branch}</Badge>}
      {commit !== null && (
        <code title={commit}>
          {commit.slice(0, 8)}
          {changed && ` ${t('changed')}`}
        </code>
      )}
      {run.environment !== null && (
        <span title={t('environment')}>
          <Badge>{run.environment}</Badge>
        </span>
      )}
      {run.tags.map((tag) => (
        <Badge key={tag}>{tag}</Badge>
      ))}
      <span className="muted">
        {t('created', { by: run.created_by })} <RelativeTime at={run.created_at} />
      </span>
      {run.scheduled_for !== null && run.started_at === null && (
        <span className="muted">
          {t('scheduledFor')} <DateTime at={run.scheduled_for} />
        </span>
      )}
      {run.rerun_of !== null && (
        <Link to="/runs/$run" params={{ run: run.rerun_of }}>
          {t('rerunOf')}
        </Link>
      )}
    </div>
  );
}

function Taken({ run }: { run: Run }) {
  const t = useMessages(messages);
  if (run.started_at === null) return null;
  return isOver(run.status) ? (
    <span>
      <span className="muted">{t('took')}</span> <Duration value={run.duration_ms} />
    </span>
  ) : (
    <span>
      <span className="muted">{t('runsSince')}</span> <Duration since={run.started_at} />
    </span>
  );
}

function Left({ run }: { run: Run }) {
  const t = useMessages(messages);
  const language = useLanguage();
  const now = useNow(run.status === 'running' ? 1000 : null);
  const left = timeLeft(run, now);
  if (left === null) return null;
  return (
    <span title={t(left.by === 'pace' ? 'byPace' : 'bySchedule')}>
      {t('left', { time: durationText(Math.max(1000, left.ms), language) })}
    </span>
  );
}

const DEADLINE: Record<
  NonNullable<Run['deadline']>['state'],
  { tone: Tone; text: 'deadlineOnTime' | 'deadlineAtRisk' | 'deadlineLate' }
> = {
  on_time: { tone: 'passed', text: 'deadlineOnTime' },
  at_risk: { tone: 'flaky', text: 'deadlineAtRisk' },
  late: { tone: 'failed', text: 'deadlineLate' },
};

function Deadline({ run: { deadline, status } }: { run: Run }) {
  const t = useMessages(messages);
  if (deadline === null || isOver(status)) return null;
  const { tone, text } = DEADLINE[deadline.state];
  return (
    <span>
      <span className="muted">{t('deadline')}</span> <DateTime at={deadline.at} /> <Sign tone={tone} />
      {t(text)}
    </span>
  );
}

function ReportState({ run: { report } }: { run: Run }) {
  const t = useMessages(messages);
  if (report.state === 'merging') return <span className="muted">{t('merging')}</span>;
  if (report.state !== 'failed') return null;
  return (
    <span>
      <Sign tone="failed" />
      {t('reportFailed', { why: report.message ?? '' })}
    </span>
  );
}
