/** Hours, manners, slots and projects: kept when they are saved. */
import { useEffect, useState, type SubmitEvent } from 'react';
import type { Lending } from '../../shared/protocol/desktop/wizard.ts';
import { ask, DesktopError } from '../fleet/desktop.ts';
import { HoursEditor } from '../parts/hours-editor.tsx';
import { LendingFields, lendingOf, textOf, type LendingText } from '../parts/lending-fields.tsx';
import { MannersEditor } from '../parts/manners-editor.tsx';
import { Button } from '../ui/button.tsx';
import { Form } from '../ui/field.tsx';
import { useMessages } from '../ui/i18n.ts';
import { ErrorState, Skeleton } from '../ui/states.tsx';
import { toastDone } from '../ui/toast.tsx';
import { messages } from './messages.ts';
import styles from './this-computer.module.css';

export function LendingTab() {
  const [lending, setLending] = useState<Lending | null>(null);
  const [error, setError] = useState<unknown>(null);
  useEffect(() => {
    ask('lending').then(setLending, setError);
  }, []);
  if (error !== null) return <ErrorState error={error} />;
  return lending === null ? <Skeleton /> : <Editor lending={lending} />;
}

function Editor({ lending }: { lending: Lending }) {
  const t = useMessages(messages);
  const [saved, setSaved] = useState(lending);
  const [text, setText] = useState<LendingText>(() => textOf(lending));
  const [manners, setManners] = useState(lending.manners);
  const [problem, setProblem] = useState<{ message: string; field: string | null } | null>(null);
  const [busy, setBusy] = useState(false);
  const wanted = lendingOf(text, manners);
  const isChanged = JSON.stringify(wanted) !== JSON.stringify(saved);
  const save = async (event: SubmitEvent) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      const { manners: before, ...basics } = saved;
      const { manners: now, ...newBasics } = wanted;
      // Hours and manners count at once; the rest starts the agent anew, which is not wanted for them alone.
      const isOnlyManners = JSON.stringify(basics) === JSON.stringify(newBasics) && before !== now;
      await ask('setManners', now);
      if (!isOnlyManners) await ask('setLending', wanted);
      setSaved(wanted);
      toastDone(t(isOnlyManners ? 'savedAtOnce' : 'saved'));
    } catch (error) {
      setProblem(error instanceof DesktopError ? error : { message: String(error), field: null });
    } finally {
      setBusy(false);
    }
  };
  return (
    <Form onSubmit={(event) => void save(event)}>
      <h2>{t('what')}</h2>
      <LendingFields text={text} onChange={setText} suggestedSlots={null} problem={problem} />
      <h2>{t('hours')}</h2>
      <HoursEditor hours={manners.hours} onChange={(hours) => setManners({ ...manners, hours })} />
      <h2>{t('manners')}</h2>
      <MannersEditor manners={manners} onChange={setManners} />
      {problem !== null && !['name', 'slots', 'projects'].includes(problem.field ?? '') && (
        <p role="alert" className={styles.problem}>
          {problem.message}
        </p>
      )}
      <div className={styles.save}>
        <Button look="primary" type="submit" busy={busy} disabled={!isChanged}>
          {t('save')}
        </Button>
        {isChanged && <span className="muted">{t('unsaved')}</span>}
      </div>
    </Form>
  );
}
