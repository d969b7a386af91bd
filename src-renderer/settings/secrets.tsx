import { useMemo, useState, type SubmitEvent } from 'react';
import type { Secret } from '../../shared/protocol/rest/secrets.ts';
import { reaches, roleIn } from '../fleet/access.ts';
import { ApiError } from '../fleet/api-error.ts';
import { useMe } from '../fleet/me.ts';
import { useProjects } from '../fleet/projects.ts';
import { removeSecret, setSecret, useSecrets, type ProjectOfTeam } from '../fleet/secrets.ts';
import { Button } from '../ui/button.tsx';
import { Confirm, Dialog } from '../ui/dialog.tsx';
import { Checkbox, Field, Form, Input, Select, TextArea } from '../ui/field.tsx';
import { useMessages } from '../ui/i18n.ts';
import { Toolbar } from '../ui/page.tsx';
import { EmptyState, ErrorState, Skeleton } from '../ui/states.tsx';
import { Table, type Column } from '../ui/table.tsx';
import { RelativeTime } from '../ui/time.tsx';
import { toastDone, toastError } from '../ui/toast.tsx';
import { messages } from './messages.ts';
import styles from './settings.module.css';

/** Secrets of one project: which there are and who set them; never what they are. */
export function Secrets({ project, onProject }: { project: string; onProject: (id: string) => void }) {
  const t = useMessages(messages);
  const { data: me } = useMe();
  const { data: projects, error } = useProjects();
  if (error) return <ErrorState error={error} />;
  if (!projects) return <Skeleton />;
  const mine = projects.filter(({ team }) => reaches(roleIn(me, team.id), 'maintainer'));
  const chosen = mine.find(({ id }) => id === project) ?? mine[0];
  if (!chosen) {
    return (
      <EmptyState title={t('noProjects')} command="playfleet run">
        <p>{t('noProjectsWhy')}</p>
      </EmptyState>
    );
  }
  const several = new Set(mine.map(({ team }) => team.id)).size > 1;
  return (
    <div className={styles.stack}>
      <Field label={t('project')}>
        <Select
          value={chosen.id}
          onChange={onProject}
          options={mine.map(({ id, name, team }) => ({
            value: id,
            label: several ? `${name} (${team.name})` : name,
          }))}
        />
      </Field>
      <OfProject key={chosen.id} project={{ name: chosen.name, teamId: chosen.team.id }} />
    </div>
  );
}

type Editing = Pick<Secret, 'environment' | 'name' | 'in_discovery'> | 'new';

function OfProject({ project }: { project: ProjectOfTeam }) {
  const t = useMessages(messages);
  const { data, error, refetch } = useSecrets(project);
  const [editing, setEditing] = useState<Editing | null>(null);
  const [deleting, setDeleting] = useState<Secret | null>(null);
  const columns = useMemo(
    (): Column<Secret>[] => [
      { id: 'name', head: t('name'), cell: ({ name }) => <code>{name}</code> },
      { id: 'environment', head: t('environment'), width: '110px', cell: ({ environment }) => environment },
      {
        id: 'about',
        head: '',
        width: '180px',
        wideOnly: true,
        cell: ({ in_discovery, readable }) =>
          [in_discovery ? t('discoveryShort') : '', readable ? '' : t('secretUnreadable')].filter(Boolean).join('; '),
      },
      {
        id: 'by',
        head: t('createdBy'),
        width: '220px',
        wideOnly: true,
        cell: ({ updated_by, updated_at }) => (
          <>
            {updated_by}, <RelativeTime at={updated_at} />
          </>
        ),
      },
      {
        id: 'actions',
        head: '',
        width: '170px',
        align: 'end',
        cell: (secret) => (
          <>
            <Button look="quiet" aria-label={`${t('replace')}: ${secret.name}`} onClick={() => setEditing(secret)}>
              {t('replace')}
            </Button>
            <Button look="quiet" aria-label={`${t('delete')}: ${secret.name}`} onClick={() => setDeleting(secret)}>
              {t('delete')}
            </Button>
          </>
        ),
      },
    ],
    [t],
  );
  const remove = async ({ environment, name }: Secret) => {
    setDeleting(null);
    try {
      await removeSecret(project, environment, name);
      toastDone(t('removed'));
    } catch (caught) {
      toastError(caught);
    }
  };
  if (error) return <ErrorState error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton />;
  return (
    <>
      <Toolbar>
        <Button look="primary" onClick={() => setEditing('new')}>
          {t('createSecret')}
        </Button>
      </Toolbar>
      {data.length === 0 ? (
        <EmptyState title={t('noSecrets')} command={`playfleet secrets set NAME --project ${project.name}`}>
          <p>{t('noSecretsWhy')}</p>
        </EmptyState>
      ) : (
        <Table
          keys
          label={t('secrets')}
          columns={columns}
          rows={data}
          keyOf={({ environment, name }) => `${environment} ${name}`}
        />
      )}
      {editing && <SecretForm project={project} editing={editing} onClose={() => setEditing(null)} />}
      <Confirm
        open={deleting !== null}
        onOpenChange={() => setDeleting(null)}
        title={t('secretDeleteTitle', { name: deleting?.name ?? '' })}
        action={t('delete')}
        danger
        onConfirm={() => void (deleting && remove(deleting))}
      >
        <p>{t('secretDeleteWhy')}</p>
      </Confirm>
    </>
  );
}

function SecretForm({ project, editing, onClose }: { project: ProjectOfTeam; editing: Editing; onClose: () => void }) {
  const t = useMessages(messages);
  const before = editing === 'new' ? null : editing;
  const [environment, setEnvironment] = useState(before?.environment ?? 'default');
  const [name, setName] = useState(before?.name ?? '');
  const [value, setValue] = useState('');
  const [inDiscovery, setInDiscovery] = useState(before?.in_discovery ?? false);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const wrong = (field: string) => (error instanceof ApiError ? error.field(field) : null);
  const save = async (event: SubmitEvent) => {
    event.preventDefault();
    setBusy(true);
    try {
      await setSecret(project, { environment, name, value, in_discovery: inDiscovery });
      toastDone(t('secretSet', { name }));
      onClose();
    } catch (caught) {
      setError(caught);
      if (!(caught instanceof ApiError) || caught.errors.length === 0) toastError(caught);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog open onOpenChange={onClose} title={before ? `${t('replace')}: ${before.name}` : t('createSecret')}>
      <Form onSubmit={(event) => void save(event)}>
        <Field label={t('name')} error={wrong('name')}>
          <Input
            required
            value={name}
            disabled={before !== null}
            spellCheck={false}
            onChange={(event) => setName(event.target.value)}
          />
        </Field>
        <Field label={t('environment')} error={wrong('environment')}>
          <Input
            required
            value={environment}
            disabled={before !== null}
            onChange={(event) => setEnvironment(event.target.value)}
          />
        </Field>
        <Field label={t('secretValue')} hint={t('secretValueHint')} error={wrong('value')}>
          <TextArea
            required
            value={value}
            autoComplete="off"
            spellCheck={false}
            onChange={(event) => setValue(event.target.value)}
          />
        </Field>
        <Checkbox label={t('discovery')} checked={inDiscovery} onChange={setInDiscovery} />
        <div>
          <Button look="primary" type="submit" busy={busy}>
            {t('save')}
          </Button>
        </div>
      </Form>
    </Dialog>
  );
}
