import { useState, type SubmitEvent } from 'react';
import type { Member, Team } from '../../shared/protocol/rest/people.ts';
import type { Role } from '../../shared/protocol/rest/roles.ts';
import { reaches, ROLE_NAMES, useMayEverywhere } from '../fleet/access.ts';
import { ApiError } from '../fleet/api-error.ts';
import { usePeople } from '../fleet/people.ts';
import { createTeam, removeMember, removeTeam, renameTeam, setMember, useMembers, useTeams } from '../fleet/teams.ts';
import { Button } from '../ui/button.tsx';
import { Confirm, Dialog } from '../ui/dialog.tsx';
import { Field, Form, Input, Select } from '../ui/field.tsx';
import { useMessages } from '../ui/i18n.ts';
import { Menu } from '../ui/menu.tsx';
import { Section } from '../ui/page.tsx';
import { ErrorState, Skeleton } from '../ui/states.tsx';
import { toastDone, toastError } from '../ui/toast.tsx';
import { messages } from './messages.ts';
import styles from './people.module.css';
import { RoleHelp } from './role-help.tsx';

/** Teams with who is in them, and as what. */
export function Teams() {
  const t = useMessages(messages);
  const mayMake = useMayEverywhere('admin');
  const { data, error, refetch } = useTeams();
  const [making, setMaking] = useState(false);
  if (error) return <ErrorState error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton />;
  return (
    <div className={styles.stack}>
      <p className="muted">{t('teamHint')}</p>
      <RoleHelp />
      {mayMake && (
        <div>
          <Button onClick={() => setMaking(true)}>{t('addTeam')}</Button>
        </div>
      )}
      {data.map((team) => (
        <OneTeam key={team.id} team={team} mayMake={mayMake} />
      ))}
      {making && <NameDialog title={t('addTeam')} start="" onSave={createTeam} onClose={() => setMaking(false)} />}
    </div>
  );
}

function OneTeam({ team, mayMake }: { team: Team; mayMake: boolean }) {
  const t = useMessages(messages);
  const [asking, setAsking] = useState<'rename' | 'remove' | 'add' | null>(null);
  const close = () => setAsking(null);
  const remove = () => {
    close();
    removeTeam(team.id).then(() => toastDone(t('removed', { name: team.name })), toastError);
  };
  return (
    <Section
      title={team.name}
      actions={
        <>
          <span className="muted">
            {t('members', { n: team.members })}, {t('projects', { n: team.projects })}
          </span>
          {mayMake && (
            <Menu
              label={team.name}
              groups={[
                [
                  { label: t('addMember'), onSelect: () => setAsking('add') },
                  { label: t('rename'), onSelect: () => setAsking('rename') },
                ],
                [{ label: t('removeTeam'), danger: true, onSelect: () => setAsking('remove') }],
              ]}
            />
          )}
        </>
      }
    >
      <Members team={team} />
      {asking === 'rename' && (
        <NameDialog
          title={t('rename')}
          start={team.name}
          onSave={(name) => renameTeam(team.id, name)}
          onClose={close}
        />
      )}
      {asking === 'add' && <AddMember team={team} onClose={close} />}
      <Confirm
        open={asking === 'remove'}
        onOpenChange={close}
        title={t('sure', { what: t('removeTeam'), name: team.name })}
        action={t('remove')}
        danger
        onConfirm={remove}
      >
        <p>{t('removeTeamWhy')}</p>
      </Confirm>
    </Section>
  );
}

function Members({ team }: { team: Team }) {
  const t = useMessages(messages);
  const { data, error } = useMembers(team.id);
  const [leaving, setLeaving] = useState<Member | null>(null);
  // Up to one's own role: who may do more is changed by who may do more.
  const mayChange = ({ role }: Member) => reaches(team.role, 'maintainer') && reaches(team.role, role);
  const change = async (member: Member, role: Role) => {
    try {
      await setMember(team.id, member.person_id, role);
      toastDone(t('roleChanged', { name: member.name, role, team: team.name }), () => {
        setMember(team.id, member.person_id, member.role).catch(toastError);
      });
    } catch (caught) {
      toastError(caught);
    }
  };
  const remove = (member: Member) => {
    setLeaving(null);
    removeMember(team.id, member.person_id).then(() => toastDone(t('removed', { name: member.name })), toastError);
  };
  if (error) return <ErrorState error={error} />;
  if (!data) return <Skeleton rows={2} />;
  if (data.length === 0) return <p className="muted">{t('membersNone')}</p>;
  return (
    <>
      <ul className={styles.members} aria-label={t('membersOf', { team: team.name })}>
        {data.map((member) => (
          <li key={member.person_id}>
            <span>
              {member.name} <span className="muted">{member.email}</span>
            </span>
            {mayChange(member) ? (
              <>
                <Select
                  aria-label={`${t('role')}: ${member.name}`}
                  value={member.role}
                  onChange={(role) => void change(member, role)}
                  options={ROLE_NAMES.filter((one) => reaches(team.role, one)).map((value) => ({
                    value,
                    label: value,
                  }))}
                />
                <Button look="quiet" aria-label={`${t('remove')}: ${member.name}`} onClick={() => setLeaving(member)}>
                  {t('remove')}
                </Button>
              </>
            ) : (
              <span>{member.role}</span>
            )}
          </li>
        ))}
      </ul>
      <Confirm
        open={leaving !== null}
        onOpenChange={() => setLeaving(null)}
        title={t('removeMemberTitle', { name: leaving?.name ?? '', team: team.name })}
        action={t('removeMember')}
        danger
        onConfirm={() => leaving && remove(leaving)}
      >
        <p>{t('removeMemberWhy')}</p>
      </Confirm>
    </>
  );
}

function AddMember({ team, onClose }: { team: Team; onClose: () => void }) {
  const t = useMessages(messages);
  const { data: people = [] } = usePeople();
  const outside = people.filter(({ teams }) => !teams.some(({ id }) => id === team.id));
  const [chosen, setChosen] = useState<string | null>(null);
  const [role, setRole] = useState<Role>('runner');
  const id = chosen ?? outside[0]?.id;
  const add = (event: SubmitEvent) => {
    event.preventDefault();
    if (id === undefined) return;
    setMember(team.id, id, role).then(onClose, toastError);
  };
  return (
    <Dialog open onOpenChange={onClose} title={`${t('addMember')}: ${team.name}`}>
      {outside.length === 0 ? (
        <p>{t('noMatch')}</p>
      ) : (
        <Form onSubmit={add}>
          <Field label={t('member')}>
            <Select
              value={id ?? ''}
              onChange={setChosen}
              options={outside.map((person) => ({ value: person.id, label: `${person.name} (${person.email})` }))}
            />
          </Field>
          <Field label={t('role')}>
            <Select value={role} onChange={setRole} options={ROLE_NAMES.map((value) => ({ value, label: value }))} />
          </Field>
          <div>
            <Button look="primary" type="submit">
              {t('addMember')}
            </Button>
          </div>
        </Form>
      )}
    </Dialog>
  );
}

interface NameDialogProps {
  title: string;
  start: string;
  onSave: (name: string) => Promise<unknown>;
  onClose: () => void;
}

function NameDialog({ title, start, onSave, onClose }: NameDialogProps) {
  const t = useMessages(messages);
  const [name, setName] = useState(start);
  const [error, setError] = useState<unknown>(null);
  const save = (event: SubmitEvent) => {
    event.preventDefault();
    onSave(name).then(onClose, setError);
  };
  const wrong = error instanceof ApiError ? (error.field('name') ?? error.message) : null;
  return (
    <Dialog open onOpenChange={onClose} title={title}>
      <Form onSubmit={save}>
        <Field label={t('teamName')} error={wrong}>
          <Input required maxLength={100} value={name} onChange={(event) => setName(event.target.value)} />
        </Field>
        <div>
          <Button look="primary" type="submit">
            {t('save')}
          </Button>
        </div>
      </Form>
    </Dialog>
  );
}
