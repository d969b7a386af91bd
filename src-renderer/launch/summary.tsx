import { Play } from 'lucide-react';
import { runLabel } from '../../shared/model/run-label.ts';
import type { ReactNode } from 'react';
import type { Preview } from '../../shared/protocol/rest/launch.ts';
import type { Run } from '../../shared/protocol/rest/runs.ts';
import { Button } from '../ui/button.tsx';
import { CodeBlock } from '../ui/code-block.tsx';
import { useLanguage, useMessages } from '../ui/i18n.ts';
import { Link } from '../ui/link.tsx';
import { Card } from '../ui/page.tsx';
import { Skeleton } from '../ui/states.tsx';
import { Sign } from '../ui/status.tsx';
import { RelativeTime } from '../ui/time.tsx';
import { durationText } from '../ui/time-text.ts';
import { GROUPS_FILE } from './command.ts';
import type { Form } from './form.ts';
import styles from './launch.module.css';
import { freeSlots, type Hindrance, type Matching } from './matching.ts';
import { messages } from './messages.ts';

interface SummaryProps {
  form: Form;
  /** null: nothing is known of the suite; undefined: not read yet. */
  preview: Preview | null | undefined;
  previewError: string | null;
  /** The newest run of the project that ended with results. */
  last: Run | undefined;
  matching: readonly Matching[];
  command: string;
  /** What was refused for no field of the page. */
  failure: string | null;
  may: boolean;
  busy: boolean;
  onStart: () => void;
}

/** What the run would be, before anybody clicks. */
export function Summary(props: SummaryProps) {
  const { form, preview, previewError, last, matching, command, failure, may, busy, onStart } = props;
  const t = useMessages(messages);
  const failedOnly = form.what === 'failed';
  return (
    <div className={styles.summary}>
      <Card title={t('summary')}>
        <div className={styles.stack} aria-live="polite">
          {failedOnly && last ? (
            <p className={styles.figure}>
              <b>{(last.tests.unexpected + unsettled(last)).toLocaleString()}</b> {t('failedTests')}
            </p>
          ) : (
            <Expected form={form} preview={preview} error={previewError} />
          )}
          <Machines matching={matching} why={preview?.why_no_workers ?? null} />
        </div>
        {failure !== null && (
          <p className={styles.error} role="alert">
            <span aria-hidden>✕ </span>
            {failure}
          </p>
        )}
        {may ? (
          <Button
            look="primary"
            className={styles.start ?? ''}
            busy={busy}
            icon={<Play size={14} aria-hidden />}
            onClick={onStart}
          >
            {t('start')}
          </Button>
        ) : (
          <p role="note" className={styles.note}>
            <Sign tone="flaky" /> {t('mayNot')}
          </p>
        )}
        {may && <p className={styles.hint}>{t('startKey')}</p>}
      </Card>
      <Card title={t('command')}>
        <div className={styles.command}>
          <CodeBlock text={command} label={t('commandCopy')} />
          {!failedOnly && form.source === 'bundle' && <p className={styles.hint}>{t('commandBundle')}</p>}
          {form.groups.trim() !== '' && <p className={styles.hint}>{t('commandGroups', { file: GROUPS_FILE })}</p>}
          {form.env !== '' && <p className={styles.hint}>{t('commandEnv')}</p>}
        </div>
      </Card>
    </div>
  );
}

const unsettled = ({ tests }: Run): number => Math.max(0, tests.total - tests.settled);

function Expected({ form, preview, error }: { form: Form; preview: SummaryProps['preview']; error: string | null }) {
  const t = useMessages(messages);
  const language = useLanguage();
  if (form.project.trim() === '') return <p className="muted">{t('previewNoProject')}</p>;
  if (error !== null)
    return (
      <p className={styles.error}>
        <span aria-hidden>✕ </span>
        {error}
      </p>
    );
  if (preview === undefined) return <Skeleton rows={3} />;
  if (preview === null) return <p className="muted">{t('previewNothing')}</p>;
  const { prediction, basis } = preview;
  return (
    <>
      <p className={styles.figure}>
        <b>{preview.matching.toLocaleString(language)}</b> {t('matching', { of: preview.of })}
      </p>
      {preview.matching === 0 && (
        <p>
          <Sign tone="flaky" /> {t('matchingNone')}
        </p>
      )}
      {preview.first.length > 0 && (
        <details>
          <summary>{t('matchingList')}</summary>
          <ul className={styles.list}>
            {preview.first.map(({ test_id, title, project, file }) => (
              <li key={test_id}>
                <span>{title}</span> <span className="muted">{[project, file].filter(Boolean).join(' · ')}</span>
              </li>
            ))}
          </ul>
          {preview.matching > preview.first.length && (
            <p className="muted">{t('matchingMore', { n: preview.matching - preview.first.length })}</p>
          )}
        </details>
      )}
      {prediction && (
        <p className={styles.figure}>
          <b>≈ {durationText(prediction.duration_ms, language)}</b> {t('predicted', { n: preview.slots })}
        </p>
      )}
      {prediction && (
        <p className={styles.hint}>
          {t('predictedWhy', {
            known: prediction.known,
            n: preview.matching,
            least: durationText(prediction.lower_bound_ms, language),
          })}
        </p>
      )}
      <p className={styles.hint}>
        {t(basis.partial ? 'basisPartial' : 'basis')}{' '}
        <Link to="/runs/$run" params={{ run: String(basis.number) }}>
          #{runLabel(basis.number)}
        </Link>
        , <RelativeTime at={basis.at} />
      </p>
    </>
  );
}

function Machines({ matching, why }: { matching: readonly Matching[]; why: string | null }) {
  const t = useMessages(messages);
  const able = matching.filter(({ hindrance }) => hindrance === null);
  const slots = able.reduce((sum, { worker }) => sum + worker.max_parallel_tasks, 0);
  const free = able.reduce((sum, { worker }) => sum + freeSlots(worker), 0);
  return (
    <>
      <p className={styles.figure}>
        <b>{able.length.toLocaleString()}</b> {t('workersMatch', { n: able.length, of: matching.length })}
        <span className="muted"> · {t('slotsFree', { free, slots })}</span>
      </p>
      {able.length === 0 && (
        <p>
          <Sign tone="flaky" /> {why ?? t('workersNone')}
        </p>
      )}
      {matching.length > 0 && (
        <details>
          <summary>{t('workersList')}</summary>
          <ul className={styles.list}>
            {matching.map(({ worker, hindrance }) => (
              <li key={worker.id}>
                <Sign tone={hindrance === null ? 'passed' : 'skipped'} />{' '}
                <Link to="/workers/$worker" params={{ worker: worker.id }}>
                  {worker.hostname}
                </Link>{' '}
                <span className="muted">
                  {hindrance === null ? (
                    t('workerReady', { free: freeSlots(worker), slots: worker.max_parallel_tasks })
                  ) : (
                    <HindranceText hindrance={hindrance} />
                  )}
                </span>
              </li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}

function HindranceText({ hindrance }: { hindrance: Hindrance }): ReactNode {
  const t = useMessages(messages);
  switch (hindrance.why) {
    case 'browser':
      return t('lacksBrowser', { what: hindrance.what });
    case 'tag':
      return t('lacksTag', { what: hindrance.what });
    case 'platform':
      return t('otherPlatform', { what: hindrance.what });
    default:
      return t(hindrance.why);
  }
}
