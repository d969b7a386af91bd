import { UserPlus } from 'lucide-react';
import { useState } from 'react';
import { useMay, useMe } from '../fleet/me.ts';
import { Button } from '../ui/button.tsx';
import { useMessages } from '../ui/i18n.ts';
import { Page as Frame } from '../ui/page.tsx';
import { EmptyState, Skeleton } from '../ui/states.tsx';
import { Tabs } from '../ui/tabs.tsx';
import { useViewState } from '../ui/view-state.ts';
import { Invitations } from './invitations.tsx';
import { Invite } from './invite.tsx';
import { messages } from './messages.ts';
import { PeopleList } from './people-list.tsx';
import { Teams } from './teams.tsx';

const DEFAULTS = { tab: 'people', filter: '' } as const;

export function Page() {
  const t = useMessages(messages);
  const { isPending } = useMe();
  const may = useMay('maintainer');
  const [view, setView] = useViewState(DEFAULTS);
  const [inviting, setInviting] = useState(false);
  const account = <a href="/account">{t('account')}</a>;
  if (isPending || !may) {
    return (
      <Frame title={t('title')}>
        {isPending ? (
          <Skeleton />
        ) : (
          <EmptyState title={t('mayNot')}>
            <p>
              {t('mayNotWhy')} {account}
            </p>
          </EmptyState>
        )}
      </Frame>
    );
  }
  return (
    <Frame
      title={t('title')}
      beside={account}
      actions={
        <Button look="primary" icon={<UserPlus size={14} aria-hidden />} onClick={() => setInviting(true)}>
          {t('invite')}
        </Button>
      }
    >
      <Tabs
        label={t('view')}
        value={view.tab}
        onChange={(tab) => setView({ tab })}
        tabs={[
          {
            id: 'people',
            label: t('people'),
            content: <PeopleList filter={view.filter} onFilter={(filter) => setView({ filter })} />,
          },
          { id: 'teams', label: t('teams'), content: <Teams /> },
          { id: 'invitations', label: t('invitations'), content: <Invitations /> },
        ]}
      />
      {inviting && <Invite onClose={() => setInviting(false)} />}
    </Frame>
  );
}
