import { Button } from '../ui/button.tsx';
import { useMessages, type Translate } from '../ui/i18n.ts';
import { Section } from '../ui/page.tsx';
import { EmptyState } from '../ui/states.tsx';
import { Sign } from '../ui/status.tsx';
import { Tabs } from '../ui/tabs.tsx';
import type { Attachment, Attempt } from './attachment-kind.ts';
import { AttemptView } from './attempt.tsx';
import styles from './attempts.module.css';
import { messages } from './messages.ts';
import { STATUSES } from './outcome.ts';

interface AttemptsProps {
  attempts: readonly Attempt[];
  run: string;
  testId: string;
  note: string | null;
  /** Place of the shown attempt as text; empty: the one that says most. */
  shown: string;
  onShow: (place: string) => void;
  sideBySide: boolean;
  onSideBySide: (on: boolean) => void;
  onTrace: (attempt: Attempt, trace: Attachment) => void;
}

/** All attempts: one behind the other in tabs, or beside each other where there is room. */
export function Attempts(props: AttemptsProps) {
  const { attempts, run, testId, note, shown, onShow, sideBySide, onSideBySide, onTrace } = props;
  const t = useMessages(messages);
  if (attempts.length === 0) return <EmptyState title={t('notRun')}>{note !== null && <p>{note}</p>}</EmptyState>;
  const view = (attempt: Attempt) => (
    <AttemptView attempt={attempt} run={run} testId={testId} onTrace={(trace) => onTrace(attempt, trace)} />
  );
  if (attempts.length === 1) return <Section title={t('attempts')}>{view(attempts[0]!)}</Section>;
  const actions = (
    <span className={styles.wide}>
      <Button look="quiet" aria-pressed={sideBySide} onClick={() => onSideBySide(!sideBySide)}>
        {sideBySide ? t('oneByOne') : t('sideBySide')}
      </Button>
    </span>
  );
  const value = attempts[Number(shown)] && shown !== '' ? shown : String(firstShown(attempts));
  return (
    <Section title={t('attempts')} actions={actions}>
      {sideBySide && (
        <div className={styles.columns}>
          {attempts.map((attempt, index) => (
            <div key={index} className={styles.column}>
              <h3>{attemptName(attempts, index, t)}</h3>
              {view(attempt)}
            </div>
          ))}
        </div>
      )}
      <div className={sideBySide ? styles.narrow : undefined}>
        <Tabs
          label={t('attempts')}
          value={value}
          onChange={onShow}
          tabs={attempts.map((attempt, index) => ({
            id: String(index),
            label: (
              <>
                <Sign tone={STATUSES[attempt.status].tone} /> {attemptName(attempts, index, t)}
              </>
            ),
            content: view(attempt),
          }))}
        />
      </div>
    </Section>
  );
}

/** The last that failed, for it says most; where none did, the last. */
function firstShown(attempts: readonly Attempt[]): number {
  const failed = attempts.findLastIndex(({ status, counted }) => counted && status !== 'passed');
  return failed >= 0 ? failed : attempts.length - 1;
}

function attemptName(attempts: readonly Attempt[], index: number, t: Translate<typeof messages.en>): string {
  const { counted } = attempts[index]!;
  return t('attempt', { number: index + 1 }) + (counted ? '' : ` (${t('notCounted')})`);
}
