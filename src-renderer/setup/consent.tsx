/** What it means to lend this computer, in plain words, before anything runs. */
import { useState, type SubmitEvent } from 'react';
import type { WizardState } from '../../shared/protocol/desktop/wizard.ts';
import { change } from '../fleet/desktop.ts';
import { Button } from '../ui/button.tsx';
import { Checkbox, Form } from '../ui/field.tsx';
import { useMessages } from '../ui/i18n.ts';
import { toastError } from '../ui/toast.tsx';
import { messages } from './messages.ts';
import styles from './setup.module.css';

interface ConsentProps {
  wizard: WizardState;
  onAgree: (startAtLogin: boolean) => void;
}

export function Consent({ wizard, onAgree }: ConsentProps) {
  const t = useMessages(messages);
  const [understood, setUnderstood] = useState(false);
  const [startAtLogin, setStartAtLogin] = useState(wizard.startAtLogin);
  const { projects, slots, manners } = wizard.lending;
  const agree = (event: SubmitEvent) => {
    event.preventDefault();
    if (understood) onAgree(startAtLogin);
  };
  return (
    <Form onSubmit={agree}>
      <ul className={styles.points}>
        <li>{t(wizard.way === 'alone' ? 'pointOwn' : 'pointOthers')}</li>
        <li>{t('pointRights')}</li>
        <li>{t('pointSlots', { n: slots })}</li>
        <li>
          {projects === null ? t('pointAllProjects') : t('pointProjects', { projects: projects.join(', ') || '–' })}
        </li>
        <li>{t(manners.hours === null ? 'pointAlways' : 'pointHours')}</li>
        <li>{t('pointSeen')}</li>
        <li>{t('pointEnd')}</li>
      </ul>
      <Checkbox label={t('startAtLogin')} checked={startAtLogin} onChange={setStartAtLogin} />
      <Checkbox label={t('understood')} required checked={understood} onChange={setUnderstood} />
      {wizard.problem !== null && <p role="alert">{wizard.problem.message}</p>}
      {wizard.problem?.code === 'no_safe_place' && (
        <div>
          <Button onClick={() => void change('keepSecretsForSession').then(() => onAgree(startAtLogin), toastError)}>
            {t('keepForSession')}
          </Button>
        </div>
      )}
      <div>
        <Button look="primary" type="submit" disabled={!understood}>
          {t('agree')}
        </Button>
      </div>
    </Form>
  );
}
