import { useOffline } from '../fleet/offline.ts';
import { useMessages } from '../ui/i18n.ts';
import { DateTime } from '../ui/time.tsx';
import styles from './connection.module.css';
import { messages } from './messages.ts';

/** Says on every page that this coordinator stands in for another one, and at its end where that one is. */
export function PromotedNotice() {
  const t = useMessages(messages);
  const { data, isError } = useOffline();
  const promotion = data?.promotion;
  if (!promotion) return null;
  const { machine, since, draining, homecoming, of } = promotion;
  const { state, runs_to_bring: runs } = homecoming;
  if (draining && isError) {
    return (
      <div role="status" className={styles.notice}>
        {t('promotionOver', { name: machine })} <a href={of.url}>{of.url}</a>
      </div>
    );
  }
  return (
    <div role="status" className={styles.notice}>
      {t('promoted', { name: machine })} <DateTime at={since} />. {draining && `${t('promotionEnding')} `}
      {state === 'verified' ? t('allAtHome') : t('runsToBring', { n: runs })}{' '}
      <a href="/settings?tab=offline">{t('promotedMore')}</a>
    </div>
  );
}
