import { useState, type SubmitEvent } from 'react';
import type { Role } from '../../shared/protocol/rest/roles.ts';
import { reaches, ROLE_NAMES, roleIn } from '../fleet/access.ts';
import { ApiError } from '../fleet/api-error.ts';
import { useMe } from '../fleet/me.ts';
import { invitePerson, type Invited } from '../fleet/people.ts';
import { useTeams } from '../fleet/teams.ts';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Field, Form, Input, Select } from '../ui/field.tsx';
import { useMessages } from '../ui/i18n.ts';
import { messages } from './messages.ts';
import { OneLink } from './one-link.tsx';
import { RoleHelp } from './role-help.tsx';

/** Into no team, but as an admin of all. */
const INSTALLATION = '';

export function Invite({ onClose }: { onClose: () => void }) {
  const t = useMessages(messages);
  const [made, setMade] = useState<Invited | null>(null);
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={made ? t('inviteFor', { email: made.email }) : t('invite')}
      description={t('inviteWhy')}
    >
      {made ? <OneLink link={made.link} until={made.expires_at} /> : <InviteForm onMade={setMade} />}
    </Dialog>
  );
}

function InviteForm({ onMade }: { onMade: (made: Invited) => void }) {
  const t = useMessages(messages);
  const { data: me } = useMe();
  const { data: teams = [] } = useTeams();
  const [email, setEmail] = useState('');
  const [role, setRole] = useState<Role>('runner');
  const [chosen, setTeam] = useState<string | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const mine = teams.filter(({ id }) => reaches(roleIn(me, id), 'maintainer'));
  const everywhere = reaches(roleIn(me, null), 'admin');
  const team = chosen ?? mine[0]?.id ?? INSTALLATION;
  const roles =
    team === INSTALLATION ? (['admin'] as const) : ROLE_NAMES.filter((one) => reaches(roleIn(me, team), one));
  const wanted = roles.find((one) => one === role) ?? roles[0] ?? 'viewer';
  const wrong = (field: string) => (error instanceof ApiError ? error.field(field) : null);
  const send = async (event: SubmitEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      onMade(await invitePerson({ email, role: wanted, team: team === INSTALLATION ? null : team }));
    } catch (caught) {
      setError(caught);
      setBusy(false);
    }
  };
  return (
    <Form onSubmit={(event) => void send(event)}>
      <Field label={t('email')} error={wrong('email')}>
        <Input type="email" required maxLength={254} value={email} onChange={(event) => setEmail(event.target.value)} />
      </Field>
      <Field label={t('team')} error={wrong('team')}>
        <Select
          value={team}
          onChange={setTeam}
          options={[
            ...mine.map(({ id, name }) => ({ value: id, label: name })),
            ...(everywhere ? [{ value: INSTALLATION, label: t('installation') }] : []),
          ]}
        />
      </Field>
      <Field label={t('role')} error={wrong('role')}>
        <Select value={wanted} onChange={setRole} options={roles.map((value) => ({ value, label: value }))} />
      </Field>
      <RoleHelp />
      {error instanceof Error && !(error instanceof ApiError && error.errors.length > 0) && (
        <p role="alert">{error.message}</p>
      )}
      <div>
        <Button look="primary" type="submit" busy={busy}>
          {t('invite')}
        </Button>
      </div>
    </Form>
  );
}
