import { useOffline } from '../fleet/offline.ts';
import { useMessages } from '../ui/i18n.ts';
import { DateTime } from '../ui/time.tsx';
import styles from './connection.module.css';
import { messages } from './messages.ts';

/** Says on every page that this coordinator stands in for another one. */
export function PromotedNotice() {
  const t = useMessages(messages);
  const { data } = useOffline();
  const promotion = data?.promotion;
  if (!promotion) return null;
  const { machine, since, homecoming } = promotion;
  return (
    <div role="status" className={styles.notice}>
      {t('promoted', { name: machine })} <DateTime at={since} />,{' '}
      {homecoming.state === 'verified' ? t('allAtHome') : t('runsToBring', { n: homecoming.runs_to_bring })}.{' '}
      <a href="/settings?tab=offline">{t('promotedMore')}</a>
    </div>
  );
}
