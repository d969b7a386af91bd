import { useMemo } from 'react';
import { useMayEverywhere } from '../fleet/access.ts';
import { useSettings } from '../fleet/settings.ts';
import { FilterInput } from '../ui/filter-input.tsx';
import { useMessages } from '../ui/i18n.ts';
import { Section } from '../ui/page.tsx';
import { EmptyState, ErrorState, Skeleton } from '../ui/states.tsx';
import { grouped } from './groups.ts';
import { messages } from './messages.ts';
import { SettingRow } from './setting-row.tsx';
import styles from './settings.module.css';

/** All that the coordinator says it can be tuned by. */
export function SettingsList({ filter, onFilter }: { filter: string; onFilter: (filter: string) => void }) {
  const t = useMessages(messages);
  const mayChange = useMayEverywhere('admin');
  const { data, error, refetch } = useSettings();
  const groups = useMemo(() => grouped(data ?? [], filter), [data, filter]);
  if (error) return <ErrorState error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton rows={12} />;
  return (
    <div className={styles.stack}>
      <FilterInput label={t('filter')} placeholder={t('filterHint')} value={filter} onChange={onFilter} />
      {!mayChange && <p className="muted">{t('onlyAdmin')}</p>}
      {groups.length === 0 && <EmptyState title={t('noneFound')} />}
      {groups.map(({ name, settings }) => (
        <Section key={name} title={t(name)}>
          <ul className={styles.settings}>
            {settings.map((setting) => (
              <SettingRow key={setting.key} setting={setting} mayChange={mayChange} />
            ))}
          </ul>
        </Section>
      ))}
    </div>
  );
}
