import { useMayEverywhere } from '../fleet/access.ts';
import { useMay, useMe } from '../fleet/me.ts';
import { useMessages } from '../ui/i18n.ts';
import { Page as Frame } from '../ui/page.tsx';
import { EmptyState, Skeleton } from '../ui/states.tsx';
import { Tabs } from '../ui/tabs.tsx';
import { useViewState } from '../ui/view-state.ts';
import { Backups } from './backups.tsx';
import { messages } from './messages.ts';
import { Offline } from './offline.tsx';
import { Scheduling } from './scheduling.tsx';
import { Secrets } from './secrets.tsx';
import { SettingsList } from './settings-list.tsx';
import { Tokens } from './tokens.tsx';

const DEFAULTS = { tab: '', filter: '', project: '' } as const;

export function Page() {
  const t = useMessages(messages);
  const { isPending } = useMe();
  const may = useMay('maintainer');
  const mayAll = useMayEverywhere('maintainer');
  const mayBackUp = useMayEverywhere('admin');
  const [view, setView] = useViewState(DEFAULTS);
  const tabs = [
    ...(mayAll
      ? [
          {
            id: 'settings',
            label: t('settings'),
            content: <SettingsList filter={view.filter} onFilter={(filter) => setView({ filter })} />,
          },
          { id: 'scheduling', label: t('scheduling'), content: <Scheduling /> },
        ]
      : []),
    {
      id: 'secrets',
      label: t('secrets'),
      content: <Secrets project={view.project} onProject={(project) => setView({ project })} />,
    },
    { id: 'offline', label: t('offline'), content: <Offline /> },
    { id: 'tokens', label: t('tokens'), content: <Tokens /> },
    ...(mayBackUp ? [{ id: 'backups', label: t('backups'), content: <Backups /> }] : []),
  ];
  const chosen = tabs.find(({ id }) => id === view.tab)?.id ?? tabs[0]!.id;
  return (
    <Frame title={t('title')}>
      {isPending ? (
        <Skeleton />
      ) : may ? (
        <Tabs label={t('view')} tabs={tabs} value={chosen} onChange={(tab) => setView({ tab })} />
      ) : (
        <EmptyState title={t('mayNot')}>
          <p>
            {t('mayNotWhy')} <a href="/account">{t('accountLink')}</a>
          </p>
        </EmptyState>
      )}
    </Frame>
  );
}
