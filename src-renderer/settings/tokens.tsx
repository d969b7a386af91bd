import { useMemo, useState, type SubmitEvent } from 'react';
import type { Role } from '../../shared/protocol/rest/roles.ts';
import type { Token } from '../../shared/protocol/rest/tokens.ts';
import { reaches, ROLE_NAMES, roleIn } from '../fleet/access.ts';
import { useMe } from '../fleet/me.ts';
import { useTeams } from '../fleet/teams.ts';
import { createToken, revokeToken, useTokens, type MadeToken } from '../fleet/tokens.ts';
import { Button } from '../ui/button.tsx';
import { CodeBlock } from '../ui/code-block.tsx';
import { Confirm, Dialog } from '../ui/dialog.tsx';
import { Checkbox, Field, Form, Input, Select } from '../ui/field.tsx';
import { useMessages } from '../ui/i18n.ts';
import { Toolbar } from '../ui/page.tsx';
import { EmptyState, ErrorState, Skeleton } from '../ui/states.tsx';
import { Status, type Tone } from '../ui/status.tsx';
import { Table, type Column } from '../ui/table.tsx';
import { DateTime, RelativeTime } from '../ui/time.tsx';
import { toastDone, toastError } from '../ui/toast.tsx';
import { messages } from './messages.ts';
import styles from './settings.module.css';

const KINDS = { api: 'kindApi', join: 'kindJoin', admin_link: 'kindAdmin' } as const;
const TONES: Record<Token['state'], Tone> = {
  active: 'passed',
  used: 'skipped',
  expired: 'skipped',
  revoked: 'skipped',
};

export function Tokens() {
  const t = useMessages(messages);
  const { data, error, refetch } = useTokens();
  const { data: teams = [] } = useTeams();
  const [all, setAll] = useState(false);
  const [making, setMaking] = useState(false);
  const [revoking, setRevoking] = useState<Token | null>(null);
  const columns = useMemo(
    (): Column<Token>[] => [
      { id: 'name', head: t('name'), cell: ({ name }) => name },
      { id: 'kind', head: t('kind'), width: '110px', wideOnly: true, cell: ({ kind }) => t(KINDS[kind]) },
      { id: 'role', head: t('role'), width: '96px', cell: ({ role }) => role ?? '' },
      {
        id: 'team',
        head: t('team'),
        width: '110px',
        wideOnly: true,
        cell: ({ team_id }) =>
          team_id === null ? t('all') : (teams.find(({ id }) => id === team_id)?.name ?? team_id),
      },
      {
        id: 'state',
        head: t('state'),
        width: '96px',
        wideOnly: true,
        cell: ({ state }) => <Status tone={TONES[state]}>{state}</Status>,
      },
      { id: 'by', head: t('createdBy'), width: '130px', wideOnly: true, cell: ({ created_by }) => created_by },
      {
        id: 'expires',
        head: t('expires'),
        width: '140px',
        wideOnly: true,
        cell: ({ expires_at }) => (expires_at === null ? t('forever') : <DateTime at={expires_at} />),
      },
      {
        id: 'used',
        head: t('lastUsed'),
        width: '110px',
        wideOnly: true,
        cell: ({ last_used_at, used_at, used_by }) =>
          (last_used_at ?? used_at) ? (
            <span title={used_by ?? ''}>
              <RelativeTime at={(last_used_at ?? used_at)!} />
            </span>
          ) : (
            t('never')
          ),
      },
      {
        id: 'revoke',
        head: '',
        width: '100px',
        align: 'end',
        cell: (token) =>
          token.state === 'active' && (
            <Button look="quiet" onClick={() => setRevoking(token)} aria-label={`${t('revoke')}: ${token.name}`}>
              {t('revoke')}
            </Button>
          ),
      },
    ],
    [t, teams],
  );
  const revoke = async ({ id, name }: Token) => {
    setRevoking(null);
    try {
      await revokeToken(id);
      toastDone(t('revoked', { name }));
    } catch (caught) {
      toastError(caught);
    }
  };
  if (error) return <ErrorState error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton rows={6} />;
  const rows = all ? data : data.filter(({ state }) => state === 'active');
  return (
    <div className={styles.stack}>
      <Toolbar>
        <Button look="primary" onClick={() => setMaking(true)}>
          {t('createToken')}
        </Button>
        <Checkbox label={t('showInactive')} checked={all} onChange={setAll} />
      </Toolbar>
      {rows.length === 0 ? (
        <EmptyState title={t('noTokens')} command="playfleet token create --api --role runner" />
      ) : (
        <Table keys label={t('tokens')} columns={columns} rows={rows} keyOf={({ id }) => id} />
      )}
      {making && <MakeToken onClose={() => setMaking(false)} />}
      <Confirm
        open={revoking !== null}
        onOpenChange={() => setRevoking(null)}
        title={t('revokeTitle', { name: revoking?.name ?? '' })}
        action={t('revoke')}
        danger
        onConfirm={() => void (revoking && revoke(revoking))}
      >
        <p>{t('revokeWhy')}</p>
      </Confirm>
    </div>
  );
}

const LIVES = [7, 30, 90, 365, 0] as const;

function MakeToken({ onClose }: { onClose: () => void }) {
  const t = useMessages(messages);
  const { data: me } = useMe();
  const { data: teams = [] } = useTeams();
  const everywhere = reaches(roleIn(me, null), 'maintainer');
  const mine = teams.filter(({ id }) => reaches(roleIn(me, id), 'maintainer'));
  const [name, setName] = useState('');
  const [role, setRole] = useState<Role>('runner');
  const [team, setTeam] = useState<string | null>(null);
  const [days, setDays] = useState('90');
  const [made, setMade] = useState<MadeToken | null>(null);
  const [busy, setBusy] = useState(false);
  const chosen = team ?? (everywhere ? '' : (mine[0]?.id ?? ''));
  const own = roleIn(me, chosen === '' ? null : chosen);
  const make = async (event: SubmitEvent) => {
    event.preventDefault();
    setBusy(true);
    try {
      const life = days === '0' ? {} : { expires_in_seconds: Number(days) * 86_400 };
      setMade(await createToken({ kind: 'api', name, role, team: chosen === '' ? null : chosen, ...life }));
    } catch (error) {
      toastError(error);
    } finally {
      setBusy(false);
    }
  };
  return made ? (
    <Dialog open onOpenChange={onClose} title={t('tokenMade')} description={t('tokenMadeWhy')}>
      <CodeBlock text={made.token} />
      <CodeBlock text={`playfleet login '${location.origin}#${made.token}'`} />
    </Dialog>
  ) : (
    <Dialog open onOpenChange={onClose} title={t('createToken')}>
      <Form onSubmit={(event) => void make(event)}>
        <Field label={t('whatFor')}>
          <Input required maxLength={200} value={name} onChange={(event) => setName(event.target.value)} />
        </Field>
        <div className={styles.fields}>
          <Field label={t('role')}>
            <Select
              value={role}
              onChange={setRole}
              options={ROLE_NAMES.filter((one) => reaches(own, one)).map((value) => ({ value, label: value }))}
            />
          </Field>
          <Field label={t('expiry')}>
            <Select
              value={days}
              onChange={setDays}
              options={LIVES.map((n) => ({ value: String(n), label: n === 0 ? t('forever') : t('days', { n }) }))}
            />
          </Field>
          <Field label={t('team')}>
            <Select
              value={chosen}
              onChange={setTeam}
              options={[
                ...(everywhere ? [{ value: '', label: t('all') }] : []),
                ...mine.map((one) => ({ value: one.id, label: one.name })),
              ]}
            />
          </Field>
        </div>
        <div>
          <Button look="primary" type="submit" busy={busy}>
            {t('createToken')}
          </Button>
        </div>
      </Form>
    </Dialog>
  );
}
