import type { ReactNode } from 'react';
import { Ansi } from '../ui/ansi.tsx';
import { useMessages } from '../ui/i18n.ts';
import { Link } from '../ui/link.tsx';
import { Badge, Status } from '../ui/status.tsx';
import { DateTime, Duration } from '../ui/time.tsx';
import { Tooltip } from '../ui/tooltip.tsx';
import type { Attachment, Attempt } from './attachment-kind.ts';
import { Attachments } from './attachments.tsx';
import styles from './attempt.module.css';
import { ErrorView } from './error-view.tsx';
import { messages } from './messages.ts';
import { STATUSES } from './outcome.ts';
import { hasFailed } from './step-model.ts';
import { Steps } from './steps.tsx';

interface AttemptViewProps {
  attempt: Attempt;
  run: string;
  testId: string;
  onTrace: (trace: Attachment) => void;
}

/** All of one attempt: what went wrong first, then what shows it, then how it came to it. */
export function AttemptView({ attempt, run, testId, onTrace }: AttemptViewProps) {
  const t = useMessages(messages);
  const { errors, steps, stdout, stderr, annotations, attachments } = attempt;
  const failedSteps = steps.some(hasFailed);
  return (
    <div className={styles.attempt}>
      <AttemptLine attempt={attempt} />
      {errors.length === 0 && attempt.status !== 'passed' && <p className="muted">{t('noError')}</p>}
      {errors.map((error, index) => (
        <ErrorView key={index} error={error} number={errors.length > 1 ? index + 1 : null} />
      ))}
      {annotations.length > 0 && (
        <dl className={styles.annotations} aria-label={t('annotations')}>
          {annotations.map(({ type, description }, index) => (
            <div key={index}>
              <dt>{type}</dt>
              <dd>{description === undefined ? '' : <Linked text={description} />}</dd>
            </div>
          ))}
        </dl>
      )}
      {attachments.length > 0 && (
        <Part title={t('attachments')} open>
          <Attachments attempt={attempt} run={run} testId={testId} onTrace={onTrace} />
        </Part>
      )}
      <Part title={t('steps')} open={failedSteps}>
        <Steps steps={steps} total={attempt.duration_ms} />
      </Part>
      {stdout !== '' && <Output title={t('stdout')} text={stdout} />}
      {stderr !== '' && <Output title={t('stderr')} text={stderr} />}
    </div>
  );
}

function AttemptLine({ attempt }: { attempt: Attempt }) {
  const t = useMessages(messages);
  const { tone, word } = STATUSES[attempt.status];
  return (
    <p className={styles.line}>
      <Status tone={tone}>{t(word)}</Status>
      <Duration value={attempt.duration_ms} />
      <Link to="/workers/$worker" params={{ worker: attempt.worker_id }}>
        {attempt.worker ?? attempt.worker_id}
      </Link>
      <span className="muted">
        <DateTime at={attempt.started_at} />
      </span>
      {!attempt.counted && (
        <Tooltip text={t('notCountedWhy')}>
          <button type="button" className={styles.hint}>
            <Badge tone="skipped">{t('notCounted')}</Badge>
          </button>
        </Tooltip>
      )}
    </p>
  );
}

function Part({ title, open, children }: { title: string; open: boolean; children: ReactNode }) {
  return (
    <details className={styles.part} open={open}>
      <summary>
        <h3>{title}</h3>
      </summary>
      <div className={styles.content}>{children}</div>
    </details>
  );
}

function Output({ title, text }: { title: string; text: string }) {
  return (
    <Part title={title} open>
      <pre className={styles.output} tabIndex={0} aria-label={title}>
        <Ansi text={text.trimEnd()} />
      </pre>
    </Part>
  );
}

/** Addresses in it can be followed. */
function Linked({ text }: { text: string }) {
  return text.split(/(https?:\/\/[^\s<>"']+)/).map((part, index) =>
    index % 2 === 1 ? (
      <a key={index} href={part} target="_blank" rel="noreferrer">
        {part}
      </a>
    ) : (
      part
    ),
  );
}
