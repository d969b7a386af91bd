/** What the owner of this computer has to decide or mend, above everything else. */
import { TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import type { DesktopState } from '../../shared/protocol/desktop/state.ts';
import { change } from '../fleet/desktop.ts';
import { Button } from '../ui/button.tsx';
import { useMessages } from '../ui/i18n.ts';
import { DateTime } from '../ui/time.tsx';
import { toastError } from '../ui/toast.tsx';
import { messages } from './messages.ts';
import styles from './this-computer.module.css';

export function Troubles({ state }: { state: DesktopState }) {
  const t = useMessages(messages);
  const { agent, ownCoordinator, offline, secrets, quitting } = state;
  const problem = agent.status?.problem ?? null;
  const parts = [
    ['agent', agent],
    ['coordinator', ownCoordinator],
    ...(offline.promotion === null ? [] : [['promotion', offline.promotion.part] as const]),
  ] as const;
  return (
    <>
      {quitting !== null && (
        <Notice>
          {t('quitting', { n: quitting.tasks })}{' '}
          {quitting.until !== null && (
            <>
              {t('quittingUntil')} <DateTime at={quitting.until} />
            </>
          )}
        </Notice>
      )}
      {problem !== null && (
        <Notice>
          {problem.message} {problem.mend}
        </Notice>
      )}
      {parts.map(
        ([part, { state: how, problem: why }]) =>
          (how === 'given_up' || how === 'waiting') && (
            <Notice
              key={part}
              action={
                <Button onClick={() => void change('restartPart', { part }).catch(toastError)}>{t('restart')}</Button>
              }
            >
              {t(`${part}_${how}`)} {why}
            </Notice>
          ),
      )}
      {secrets.kept === 'refused' && (
        <Notice
          action={
            <Button onClick={() => void change('keepSecretsForSession').catch(toastError)}>
              {t('keepForSession')}
            </Button>
          }
        >
          {t('noSafePlace')} {secrets.reason}
        </Notice>
      )}
    </>
  );
}

function Notice({ children, action }: { children: ReactNode; action?: ReactNode }) {
  return (
    <div className={styles.notice} role="alert">
      <TriangleAlert size={16} aria-hidden />
      <p>{children}</p>
      {action}
    </div>
  );
}
