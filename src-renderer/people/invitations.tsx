import { useMemo } from 'react';
import type { Invitation } from '../../shared/protocol/rest/people.ts';
import { useInvitations, withdrawInvitation } from '../fleet/people.ts';
import { Button } from '../ui/button.tsx';
import { useMessages } from '../ui/i18n.ts';
import { EmptyState, ErrorState, Skeleton } from '../ui/states.tsx';
import { Table, type Column } from '../ui/table.tsx';
import { DateTime, RelativeTime } from '../ui/time.tsx';
import { toastDone, toastError } from '../ui/toast.tsx';
import { messages } from './messages.ts';

/** Who was invited and has not come yet. Links are not shown again: a new invitation of the same person ends the one before. */
export function Invitations() {
  const t = useMessages(messages);
  const { data, error, refetch } = useInvitations();
  const columns = useMemo(
    (): Column<Invitation>[] => [
      { id: 'email', head: t('email'), cell: ({ email }) => email },
      { id: 'role', head: t('role'), width: '110px', cell: ({ role }) => role },
      { id: 'team', head: t('team'), width: '150px', wideOnly: true, cell: ({ team }) => team ?? t('installation') },
      {
        id: 'invited',
        head: t('invited'),
        width: '220px',
        wideOnly: true,
        cell: ({ created_at, created_by }) => (
          <>
            {created_by}, <RelativeTime at={created_at} />
          </>
        ),
      },
      {
        id: 'until',
        head: t('linkUntil'),
        width: '170px',
        wideOnly: true,
        cell: ({ expires_at }) => <DateTime at={expires_at} />,
      },
      {
        id: 'withdraw',
        head: '',
        width: '120px',
        align: 'end',
        cell: ({ id, email }) => (
          <Button
            look="quiet"
            aria-label={`${t('withdraw')}: ${email}`}
            onClick={() => void withdrawInvitation(id).then(() => toastDone(t('withdrawn', { email })), toastError)}
          >
            {t('withdraw')}
          </Button>
        ),
      },
    ],
    [t],
  );
  if (error) return <ErrorState error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton rows={3} />;
  if (data.length === 0) {
    return <EmptyState title={t('invitationsNone')} command="playfleet people invite kim@example.com --role runner" />;
  }
  return <Table keys label={t('invitations')} columns={columns} rows={data} keyOf={({ id }) => id} />;
}
