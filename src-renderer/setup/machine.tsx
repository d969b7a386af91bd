/** What this computer lends: its name, slots, projects, hours and manners. */
import { useState, type SubmitEvent } from 'react';
import type { Lending, WizardState } from '../../shared/protocol/desktop/wizard.ts';
import { HoursEditor } from '../parts/hours-editor.tsx';
import { LendingFields, lendingOf, textOf, type LendingText } from '../parts/lending-fields.tsx';
import { MannersEditor } from '../parts/manners-editor.tsx';
import { Button } from '../ui/button.tsx';
import { Form } from '../ui/field.tsx';
import { useMessages } from '../ui/i18n.ts';
import { messages } from './messages.ts';
import styles from './setup.module.css';

interface MachineProps {
  wizard: WizardState;
  onDone: (lending: Lending) => void;
}

export function Machine({ wizard, onDone }: MachineProps) {
  const t = useMessages(messages);
  const [text, setText] = useState<LendingText>(() => textOf(wizard.lending));
  const [manners, setManners] = useState(wizard.lending.manners);
  const done = (event: SubmitEvent) => {
    event.preventDefault();
    onDone(lendingOf(text, manners));
  };
  return (
    <Form onSubmit={done}>
      {wizard.coordinator !== null && (
        <p>
          {t('joinsAt', { name: wizard.coordinator.name, url: wizard.coordinator.url })}{' '}
          <span className="muted">{t(wizard.coordinator.pinned ? 'pinned' : 'byAuthority')}</span>
        </p>
      )}
      <LendingFields text={text} onChange={setText} suggestedSlots={wizard.suggestedSlots} problem={wizard.problem} />
      <h2>{t('hours')}</h2>
      <HoursEditor hours={manners.hours} onChange={(hours) => setManners({ ...manners, hours })} />
      <details className={styles.more}>
        <summary>{t('manners')}</summary>
        <MannersEditor manners={manners} onChange={setManners} />
      </details>
      {wizard.problem !== null && wizard.problem.field === null && <p role="alert">{wizard.problem.message}</p>}
      <div>
        <Button look="primary" type="submit">
          {t('next')}
        </Button>
      </div>
    </Form>
  );
}
