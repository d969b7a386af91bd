import { useState } from 'react';
import type { TestStep } from '../../shared/protocol/playwright.ts';
import { Ansi } from '../ui/ansi.tsx';
import { cx } from '../ui/class-names.ts';
import { useMessages } from '../ui/i18n.ts';
import { Sign } from '../ui/status.tsx';
import { Duration } from '../ui/time.tsx';
import { messages } from './messages.ts';
import { hasFailed } from './step-model.ts';
import styles from './steps.module.css';

/** What the test did, as a tree: open where something failed, closed where all is well. */
export function Steps({ steps, total }: { steps: readonly TestStep[]; total: number }) {
  const t = useMessages(messages);
  if (steps.length === 0) return <p className="muted">{t('noSteps')}</p>;
  return <StepList steps={steps} total={total} />;
}

function StepList({ steps, total }: { steps: readonly TestStep[]; total: number }) {
  return (
    <ul className={styles.list}>
      {steps.map((step, index) => (
        <li key={index}>
          <Step step={step} total={total} />
        </li>
      ))}
    </ul>
  );
}

function Step({ step, total }: { step: TestStep; total: number }) {
  const t = useMessages(messages);
  const failed = hasFailed(step);
  const [open, setOpen] = useState(failed);
  const children = step.steps ?? [];
  const line = (
    <>
      <Sign tone={failed ? 'failed' : 'passed'} />
      <span className={styles.title}>{step.title}</span>
      {failed && <span className="visually-hidden">{t('stepFailed')}</span>}
      <span className={styles.time} title={`${Math.round(step.startMs)} ms +`}>
        <Duration value={step.durationMs} />
      </span>
      <span
        className={styles.share}
        aria-hidden
        style={{ width: `${total > 0 ? Math.min(100, (100 * step.durationMs) / total) : 0}%` }}
      />
    </>
  );
  const error = step.error !== undefined && children.length === 0 && (
    <pre className={styles.error} tabIndex={0}>
      <Ansi text={step.error} />
    </pre>
  );
  if (children.length === 0) {
    return (
      <>
        <div className={cx(styles.step, styles.leaf)}>{line}</div>
        {error}
      </>
    );
  }
  return (
    <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary className={styles.step}>{line}</summary>
      {open && <StepList steps={children} total={total} />}
    </details>
  );
}
