/** What a promoted coordinator cannot do, said before and after. */
import type { Lack } from '../../shared/protocol/offline/promotion.ts';
import { useMessages } from '../ui/i18n.ts';
import { messages } from './offline-messages.ts';
import styles from './this-computer.module.css';

export const ALL_LACKS: readonly Lack[] = ['mails', 'providers', 'secrets', 'backup_codes', 'earlier_runs', 'remotes'];

export function Lacks({ lacks }: { lacks: readonly Lack[] }) {
  const t = useMessages(messages);
  return (
    <div>
      <p>{t('lacks')}:</p>
      <ul className={styles.bullets}>
        {lacks.map((lack) => (
          <li key={lack}>{t(`lack_${lack}`)}</li>
        ))}
      </ul>
    </div>
  );
}
