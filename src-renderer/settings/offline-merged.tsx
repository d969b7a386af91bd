import { resolveConflict, useConflicts, useOrigins, type Conflict, type OriginView } from '../fleet/offline.ts';
import { Button } from '../ui/button.tsx';
import { useMessages } from '../ui/i18n.ts';
import { Section } from '../ui/page.tsx';
import { ErrorState, Skeleton } from '../ui/states.tsx';
import { Status } from '../ui/status.tsx';
import { RelativeTime } from '../ui/time.tsx';
import { toastDone, toastError } from '../ui/toast.tsx';
import { differences, nameOf } from './conflict-text.ts';
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
          <ul className={styles.policies}>
            {origins.map((origin) => (
              <OneOrigin key={origin.id} origin={origin} />
            ))}
          </ul>
        )}
      </Section>
      {conflicts.length > 0 && (
        <Section title={t('conflicts')}>
          <p className="muted">{t('conflictsWhy')}</p>
          <ul className={styles.policies}>
            {conflicts.map((conflict) => (
              <OneConflict key={conflict.id} conflict={conflict} />
            ))}
          </ul>
        </Section>
      )}
    </>
  );
}

function OneOrigin({ origin: { name, tag, runs, conflicts, verified_at: verified } }: { origin: OriginView }) {
  const t = useMessages(messages);
  return (
    <li className={styles.policy}>
      <span>
        <strong>{name}</strong> <span className="muted">{t('numbered', { tag })}</span>
      </span>
      <span>{t('runs', { n: runs })}</span>
      {conflicts > 0 && <Status tone="flaky">{t('open', { n: conflicts })}</Status>}
      {verified === null ? (
        <Status tone="running">{t('notVerified')}</Status>
      ) : (
        <Status tone="passed">
          {t('verified')}{' '}
          <span className="muted">
            (<RelativeTime at={verified} />)
          </span>
        </Status>
      )}
    </li>
  );
}

function OneConflict({ conflict }: { conflict: Conflict }) {
  const t = useMessages(messages);
  const { id, kind, theirs_at: at, theirs_by: by, origin, why } = conflict;
  const name = nameOf(conflict);
  const take = async (which: 'ours' | 'theirs') => {
    try {
      await resolveConflict(id, which);
      toastDone(t('resolved'));
    } catch (error) {
      toastError(error);
    }
  };
  return (
    <li className={styles.conflict}>
      <div>
        <span className="muted">{t(kind)}</span> <strong>{name}</strong>
        {differences(conflict).map(({ field, ours, theirs }) => (
          <p key={field}>
            {field !== '' && <code>{field} </code>}
            {t('oursIs', { value: ours ?? t('nothing') })} ·{' '}
            {t('theirsIs', { name: origin.name, value: theirs ?? t('nothing') })}
          </p>
        ))}
        <p className="muted">
          {by !== '' && `${t('changedBy', { by })}, `}
          <RelativeTime at={at} /> · {why}
        </p>
      </div>
      <div className={styles.actions}>
        <Button onClick={() => void take('ours')} aria-label={`${t('ours')}: ${name}`}>
          {t('ours')}
        </Button>
        <Button onClick={() => void take('theirs')} aria-label={`${t('takeTheirs')}: ${name}`}>
          {t('takeTheirs')}
        </Button>
      </div>
    </li>
  );
}
