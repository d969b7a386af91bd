/** The first steps with the desktop app. The app holds the state of it; this page shows the step and sends what its person does. */
import { useEffect, useState } from 'react';
import type { WizardInput, WizardState } from '../../shared/protocol/desktop/wizard.ts';
import { ask, useDesktop } from '../fleet/desktop.ts';
import { JoinForm } from '../parts/join-form.tsx';
import { OtherApp } from '../parts/other-app.tsx';
import { Button } from '../ui/button.tsx';
import { useMessages } from '../ui/i18n.ts';
import { ErrorState, Skeleton } from '../ui/states.tsx';
import { Consent } from './consent.tsx';
import { Machine } from './machine.tsx';
import { messages } from './messages.ts';
import styles from './setup.module.css';

export function Page() {
  const t = useMessages(messages);
  const kind = useDesktop((desktop) => desktop.kind);
  return (
    <div className={styles.page}>
      <title>{`${t('title')} · Playfleet`}</title>
      {kind === 'here' ? <Wizard /> : <OtherApp kind={kind} />}
    </div>
  );
}

function Wizard() {
  const [wizard, setWizard] = useState<WizardState | null>(null);
  const [error, setError] = useState<unknown>(null);
  const act = (input: WizardInput) => void ask('wizardDo', input).then(setWizard, setError);
  useEffect(() => {
    const end = window.playfleet?.on('wizardChanged', setWizard);
    ask('wizard').then(setWizard, setError);
    return end;
  }, []);
  if (error !== null) return <ErrorState error={error} onRetry={() => location.reload()} />;
  if (wizard === null) return <Skeleton />;
  return <Step wizard={wizard} act={act} />;
}

/** Those that are counted; the others are on the way between them. */
const COUNTED = ['way', 'coordinator', 'machine', 'consent'] as const;

function Step({ wizard, act }: { wizard: WizardState; act: (input: WizardInput) => void }) {
  const t = useMessages(messages);
  const { step, way } = wizard;
  const counted = COUNTED.filter((one) => way !== 'alone' || one !== 'coordinator');
  const at = counted.indexOf(step as (typeof COUNTED)[number]);
  const mayGoBack = at >= 0 && !wizard.busy;
  return (
    <main className={styles.step} aria-live="polite" aria-busy={wizard.busy}>
      {at >= 0 && <p className="muted">{t('stepOf', { n: at + 1, all: counted.length })}</p>}
      <h1>{t(`${step}Title`)}</h1>
      {/* A step begins with its own fields as they are known then. */}
      <Content key={step} wizard={wizard} act={act} />
      {mayGoBack && (
        <div className={styles.back}>
          <Button look="quiet" onClick={() => act({ do: 'back' })}>
            {t('back')}
          </Button>
        </div>
      )}
    </main>
  );
}

function Content({ wizard, act }: { wizard: WizardState; act: (input: WizardInput) => void }) {
  const t = useMessages(messages);
  switch (wizard.step) {
    case 'welcome':
      return (
        <>
          <p>{t('welcomeText')}</p>
          <p className="muted">{t('welcomeNothing')}</p>
          <div>
            <Button look="primary" onClick={() => act({ do: 'begin' })}>
              {t('begin')}
            </Button>
          </div>
        </>
      );
    case 'way':
      return (
        <div className={styles.ways}>
          <button type="button" className={styles.way} onClick={() => act({ do: 'choose', way: 'join' })}>
            <strong>{t('wayJoin')}</strong>
            <span className="muted">{t('wayJoinText')}</span>
          </button>
          <button type="button" className={styles.way} onClick={() => act({ do: 'choose', way: 'alone' })}>
            <strong>{t('wayAlone')}</strong>
            <span className="muted">{t('wayAloneText')}</span>
          </button>
        </div>
      );
    case 'coordinator':
      return (
        <>
          <p>{t('coordinatorText')}</p>
          <JoinForm
            found={wizard.found}
            searching={wizard.searching}
            busy={wizard.busy}
            problem={wizard.problem}
            onSearch={() => act({ do: 'search' })}
            onJoin={(join) => act({ do: 'join', join })}
          />
        </>
      );
    case 'machine':
      return <Machine wizard={wizard} onDone={(lending) => act({ do: 'lend', lending })} />;
    case 'consent':
      return <Consent wizard={wizard} onAgree={(startAtLogin) => act({ do: 'agree', startAtLogin })} />;
    case 'working':
      return (
        <>
          <p role="status">{t(wizard.way === 'alone' ? 'workingAlone' : 'workingJoin')}</p>
          <Skeleton rows={3} />
        </>
      );
    case 'done':
      return (
        <>
          <p>{t(wizard.way === 'alone' ? 'doneAlone' : 'doneJoin')}</p>
          <p className="muted">{t('doneTray')}</p>
          <div>
            {/* Everything is read anew: until now there was no coordinator. */}
            <Button look="primary" onClick={() => location.assign('/')}>
              {t('open')}
            </Button>
          </div>
        </>
      );
  }
}
