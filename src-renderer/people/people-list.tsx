import { useMemo, useState } from 'react';
import type { Person } from '../../shared/protocol/rest/people.ts';
import { useMayEverywhere } from '../fleet/access.ts';
import { useMe } from '../fleet/me.ts';
import { usePeople } from '../fleet/people.ts';
import { FilterInput } from '../ui/filter-input.tsx';
import { useMessages } from '../ui/i18n.ts';
import { Menu } from '../ui/menu.tsx';
import { EmptyState, ErrorState, Skeleton } from '../ui/states.tsx';
import { Badge, Status } from '../ui/status.tsx';
import { Table, type Column } from '../ui/table.tsx';
import { DateTime, RelativeTime } from '../ui/time.tsx';
import { ACTIONS, PersonAction, type ActionName } from './actions.tsx';
import { found } from './find.ts';
import { messages } from './messages.ts';
import styles from './people.module.css';

export function PeopleList({ filter, onFilter }: { filter: string; onFilter: (filter: string) => void }) {
  const t = useMessages(messages);
  const { data: me } = useMe();
  const mayChange = useMayEverywhere('admin');
  const { data, error, refetch } = usePeople();
  const [acting, setActing] = useState<{ person: Person; action: ActionName } | null>(null);
  const rows = useMemo(() => found(data ?? [], filter), [data, filter]);
  const columns = useMemo(
    (): Column<Person>[] => [
      { id: 'name', head: t('name'), cell: (person) => <Name person={person} mine={person.id === me?.id} /> },
      { id: 'email', head: t('email'), wideOnly: true, cell: ({ email }) => email },
      { id: 'role', head: t('role'), cell: (person) => <Roles person={person} /> },
      {
        id: 'factor',
        head: t('factor'),
        width: '110px',
        wideOnly: true,
        cell: ({ second_factor }) =>
          second_factor ? (
            <Status tone="passed">{t('factorYes')}</Status>
          ) : (
            <span className="muted">{t('factorNo')}</span>
          ),
      },
      {
        id: 'with',
        head: t('provider'),
        width: '140px',
        wideOnly: true,
        cell: ({ password, providers }) => [...(password ? ['password'] : []), ...providers].join(', '),
      },
      {
        id: 'last',
        head: t('lastSignIn'),
        width: '130px',
        wideOnly: true,
        cell: ({ last_sign_in_at: at }) => (at === null ? t('neverSignedIn') : <RelativeTime at={at} />),
      },
      ...(mayChange
        ? [
            {
              id: 'more',
              head: '',
              width: '52px',
              align: 'end' as const,
              cell: (person: Person) => (
                <Menu
                  label={person.name}
                  groups={ACTIONS.map((group) =>
                    group
                      .filter(({ fits }) => fits(person))
                      .map(({ name, danger }) => ({
                        label: t(name),
                        danger,
                        onSelect: () => setActing({ person, action: name }),
                      })),
                  )}
                />
              ),
            },
          ]
        : []),
    ],
    [t, me, mayChange],
  );
  if (error) return <ErrorState error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton rows={6} />;
  return (
    <div className={styles.stack}>
      <FilterInput label={t('filter')} placeholder={t('filterHint')} value={filter} onChange={onFilter} />
      {rows.length === 0 ? (
        <EmptyState title={t('noMatch')} />
      ) : (
        <Table keys label={t('people')} columns={columns} rows={rows} keyOf={({ id }) => id} />
      )}
      {acting && <PersonAction key={acting.action + acting.person.id} {...acting} onClose={() => setActing(null)} />}
    </div>
  );
}

function Name({ person, mine }: { person: Person; mine: boolean }) {
  const t = useMessages(messages);
  return (
    <span title={person.email}>
      {person.name} {mine && <span className="muted">({t('you')})</span>}{' '}
      {person.locked_until !== null && (
        <Status tone="failed">
          {t('locked')} <DateTime at={person.locked_until} />
        </Status>
      )}
    </span>
  );
}

function Roles({ person }: { person: Person }) {
  const t = useMessages(messages);
  return (
    <>
      {person.admin && <Badge>{t('adminShort')}</Badge>}{' '}
      {person.teams.map(({ id, name, role }) => (
        <Badge key={id}>{`${name}: ${role}`}</Badge>
      ))}
    </>
  );
}
