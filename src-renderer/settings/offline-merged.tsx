import { resolveConflict, useConflicts, useOrigins, type Conflict } from '../fleet/offline.ts';
import { Button } from '../ui/button.tsx';
import { useMessages } from '../ui/i18n.ts';
import { Section } from '../ui/page.tsx';
import { ErrorState, Skeleton } from '../ui/states.tsx';
import { RelativeTime } from '../ui/time.tsx';
import { toastDone, toastError } from '../ui/toast.tsx';
import { messages } from './offline-messages.ts';
import styles from './settings.module.css';

/** Who brought work here, and what they have changed that was changed here, too. */
export function Merged({ mayDecide }: { mayDecide: boolean }) {
  const t = useMessages(messages);
  const { data: origins, error, refetch } = useOrigins();
  const { data: conflicts = [] } = useConflicts(mayDecide);
  if (error) return <ErrorState error={error} onRetry={() => void refetch()} />;
  if (!origins) return <Skeleton rows={3} />;
  return (
    <>
      <Section title={t('merged')}>
        {origins.length === 0 ? (
          <p className="muted">{t('noMerged')}</p>
        ) : (
          <div className={styles.policies}>
            {origins.map(({ id, name, tag, runs, conflicts: open, verified_at }) => (
              <div key={id} className={styles.policy}>
                <span>
                  {t('from', { name })} <span className="muted">{tag}</span>
                </span>
                <span>{t('runs', { n: runs })}</span>
                {open > 0 && <span>{t('open', { n: open })}</span>}
                {verified_at !== null && (
                  <span className="muted">
                    {t('verified')}, <RelativeTime at={verified_at} />
                  </span>
                )}
              </div>
            ))}
          </div>
        )}
      </Section>
      {conflicts.length > 0 && (
        <Section title={t('conflicts')}>
          <p className="muted">{t('conflictsWhy')}</p>
          <div className={styles.policies}>
            {conflicts.map((conflict) => (
              <OneConflict key={conflict.id} conflict={conflict} />
            ))}
          </div>
        </Section>
      )}
    </>
  );
}

function OneConflict({ conflict }: { conflict: Conflict }) {
  const t = useMessages(messages);
  const { id, key, ours, theirs, theirs_by: by, origin, why } = conflict;
  const text = (value: unknown): string => (value === null ? t('nothing') : JSON.stringify(value));
  const take = async (which: 'ours' | 'theirs') => {
    try {
      await resolveConflict(id, which);
      toastDone(t('resolved'));
    } catch (error) {
      toastError(error);
    }
  };
  return (
    <div className={styles.policy}>
      <span>
        <strong>{key}</strong> <span className="muted">{origin.name}</span>
        <br />
        {t('oursIs', { value: text(ours) })} · {t('theirsIs', { value: text(theirs), by })}
        <br />
        <span className="muted">{why}</span>
      </span>
      <Button onClick={() => void take('ours')} aria-label={`${t('ours')}: ${key}`}>
        {t('ours')}
      </Button>
      <Button onClick={() => void take('theirs')} aria-label={`${t('takeTheirs')}: ${key}`}>
        {t('takeTheirs')}
      </Button>
    </div>
  );
}
