import { useParams } from '@tanstack/react-router';
import { runLabel } from '../../shared/model/run-label.ts';
import type { Run } from '../../shared/protocol/rest/runs.ts';
import type { TestDetail } from '../../shared/protocol/rest/results.ts';
import type { TestHistory } from '../../shared/protocol/rest/tests.ts';
import { ApiError } from '../fleet/api-error.ts';
import { useRun } from '../fleet/runs.ts';
import { useTest, useTestHistory } from '../fleet/test-detail.ts';
import { OUTCOME_TONES } from '../parts/standing.tsx';
import { useMessages } from '../ui/i18n.ts';
import { Link } from '../ui/link.tsx';
import { Page as Frame } from '../ui/page.tsx';
import { EmptyState, ErrorState, Skeleton } from '../ui/states.tsx';
import { Badge, Status } from '../ui/status.tsx';
import { Duration } from '../ui/time.tsx';
import { Tooltip } from '../ui/tooltip.tsx';
import { useViewState } from '../ui/view-state.ts';
import { bestTrace, type Attachment, type Attempt } from './attachment-kind.ts';
import { Attempts } from './attempts.tsx';
import { Actions, sourceOf } from './header.tsx';
import { History } from './history.tsx';
import { standingOf } from './history-model.ts';
import { messages } from './messages.ts';
import { Neighbours } from './neighbours.tsx';
import styles from './page.module.css';
import { TraceView } from './trace-view.tsx';

export function Page() {
  const t = useMessages(messages);
  const { run: runParam = '', test: testId = '' } = useParams({ strict: false });
  const { run, error: runError } = useRun(runParam);
  const { data: test, error, refetch } = useTest(runParam, testId, run?.id);
  const { data: history } = useTestHistory(run?.project, testId);
  const crumbs = [
    <Link key="runs" to="/runs">
      {t('runs')}
    </Link>,
    <Link key="run" to="/runs/$run" params={{ run: runParam }}>
      {run ? `#${runLabel(run.number)} ${run.name}` : runParam}
    </Link>,
  ];
  const failed = error ?? runError;
  if (failed) {
    return (
      <Frame title={t('title')} breadcrumbs={crumbs}>
        {failed instanceof ApiError && failed.status === 404 ? (
          <EmptyState title={t('noTest')}>
            <p>{failed.message}</p>
          </EmptyState>
        ) : (
          <ErrorState error={failed} onRetry={() => void refetch()} />
        )}
      </Frame>
    );
  }
  if (!test || !run) {
    return (
      <Frame title={t('title')} breadcrumbs={crumbs}>
        <Skeleton rows={8} />
      </Frame>
    );
  }
  return <Loaded key={`${run.id} ${testId}`} run={run} test={test} history={history} crumbs={crumbs} />;
}

const VIEW = { attempt: '', layout: 'tabs', trace: '', machine: '', environment: '' } as const;

interface LoadedProps {
  run: Run;
  test: TestDetail;
  /** null: there is none; undefined: not read yet. */
  history: TestHistory | null | undefined;
  crumbs: React.ReactNode[];
}

function Loaded({ run, test, history, crumbs }: LoadedProps) {
  const t = useMessages(messages);
  const [view, change] = useViewState(VIEW);
  const attempts = test.all_attempts;
  const best = bestTrace(attempts);
  const traced = traceOf(attempts, view.trace);
  const openTrace = (attempt: Attempt, trace: Attachment) =>
    change({ trace: `${attempts.indexOf(attempt)}.${attempt.attachments.indexOf(trace)}` });
  const runParam = String(run.number);
  const title = test.title_path.at(-1) ?? test.title;
  const standing = history ? standingOf(history.results, run.id) : null;
  const beside = (
    <>
      {test.outcome === null ? (
        <Status tone="running">{t('open')}</Status>
      ) : (
        <Status tone={OUTCOME_TONES[test.outcome]}>{t(test.outcome)}</Status>
      )}
      {standing && (
        <Tooltip text={t(`${standing}Why`)}>
          <button type="button" className={styles.standing}>
            <Badge tone={STANDING_TONES[standing]}>{t(standing)}</Badge>
          </button>
        </Tooltip>
      )}
      <Neighbours run={runParam} testId={test.test_id} />
    </>
  );
  const actions = (
    <Actions
      run={run}
      test={test}
      history={history ?? null}
      onTrace={best && (() => openTrace(best.attempt, best.trace))}
    />
  );
  return (
    <Frame title={title} breadcrumbs={crumbs} beside={beside} actions={actions}>
      <Facts run={run} test={test} />
      <Attempts
        attempts={attempts}
        run={runParam}
        testId={test.test_id}
        note={test.note}
        shown={view.attempt}
        onShow={(attempt) => change({ attempt })}
        sideBySide={view.layout === 'sides'}
        onSideBySide={(on) => change({ layout: on ? 'sides' : 'tabs' })}
        onTrace={openTrace}
      />
      {history === null && <p className="muted">{t('historyNone')}</p>}
      {history && (
        <History
          history={history}
          runId={run.id}
          worker={view.machine}
          environment={view.environment}
          onChange={change}
        />
      )}
      {traced && <TraceView url={traced.url} number={traced.number} onClose={() => change({ trace: '' })} />}
    </Frame>
  );
}

const STANDING_TONES = {
  new_failure: 'failed',
  still_failing: 'failed',
  known_flaky: 'flaky',
  fixed: 'passed',
} as const;

/** `1.3`: the fourth attachment of the second attempt. */
function traceOf(attempts: readonly Attempt[], place: string): { url: string; number: number } | null {
  const [attempt = -1, attachment = -1] = place.split('.').map(Number);
  const url = attempts[attempt]?.attachments[attachment]?.content_url;
  return url == null || place === '' ? null : { url, number: attempt + 1 };
}

/** Where it is and how it ran, in one line that wraps. */
function Facts({ run, test }: { run: Run; test: TestDetail }) {
  const t = useMessages(messages);
  const place = `${test.file}:${test.line}`;
  const source = sourceOf(run, test);
  const path = test.title_path.slice(0, -1);
  return (
    <div className={styles.facts}>
      {path.length > 0 && <span>{path.join(' › ')}</span>}
      {source ? (
        <a
          href={source.url}
          target="_blank"
          rel="noreferrer"
          title={source.changed ? t('sourceChanged') : t('sourceAt', { host: source.host })}
        >
          <code>{place}</code>
        </a>
      ) : (
        <code>{place}</code>
      )}
      {test.project !== '' && <Badge>{test.project}</Badge>}
      {test.tags.map((tag) => (
        <Badge key={tag}>{tag}</Badge>
      ))}
      {test.worker !== null && <span>{test.worker}</span>}
      <Duration value={test.duration_ms} />
      {source?.changed && <span className="muted">{t('sourceChanged')}</span>}
      {test.note !== null && test.all_attempts.length > 0 && <p className={styles.note}>{test.note}</p>}
    </div>
  );
}
