import { useState, type SubmitEvent } from 'react';
import type { Worker, WorkerPatch } from '../../shared/protocol/rest/workers.ts';
import { useMayEverywhere, useMayIn } from '../fleet/access.ts';
import { ApiError } from '../fleet/api-error.ts';
import { useTeams } from '../fleet/teams.ts';
import { changeWorker, wayBack } from '../fleet/worker-changes.ts';
import { Button } from '../ui/button.tsx';
import { Field, Form, Input, Select, TextArea } from '../ui/field.tsx';
import { useMessages } from '../ui/i18n.ts';
import { Card, Facts } from '../ui/page.tsx';
import { DateTime, RelativeTime } from '../ui/time.tsx';
import { toastDone, toastError } from '../ui/toast.tsx';
import { changeIn, draftOf, hasOtherTags, type Draft } from './draft.ts';
import { messages } from './messages.ts';
import styles from './worker.module.css';

/** What people set on a worker, and its key. */
export function Settings({ worker }: { worker: Worker }) {
  const t = useMessages(messages);
  const may = useMayIn()(worker, 'maintainer');
  return (
    <div className={styles.columns}>
      <Card title={t('settings')}>{may ? <SettingsForm worker={worker} /> : <ReadOnly worker={worker} />}</Card>
      <Card title={t('key')}>
        <Facts
          items={[
            [
              t('keyAge'),
              <span key="made">
                <DateTime at={worker.key_created_at} /> (<RelativeTime at={worker.key_created_at} />)
              </span>,
            ],
          ]}
        />
        <p className="muted">{t('keepsKey')}</p>
        <p className="muted">{t('projectsHint')}</p>
      </Card>
    </div>
  );
}

function ReadOnly({ worker }: { worker: Worker }) {
  const t = useMessages(messages);
  return (
    <>
      <Facts
        items={[
          [t('tags'), worker.tags.join(', ') || t('none')],
          ...(hasOtherTags(worker) ? [[t('tagsOwn'), worker.own_tags.join(', ') || t('none')] as const] : []),
          [t('slots'), worker.max_parallel_tasks],
          [t('priority'), worker.priority],
          [t('weight'), worker.weight],
          [t('notes'), worker.notes],
        ]}
      />
      <p className="muted">{t('settingsMayNot')}</p>
    </>
  );
}

function SettingsForm({ worker }: { worker: Worker }) {
  const t = useMessages(messages);
  const mayGive = useMayEverywhere('maintainer');
  const { data: teams = [] } = useTeams(mayGive);
  const [draft, setDraft] = useState<Draft | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const shown = draft ?? draftOf(worker);
  const set = (part: Partial<Draft>) => setDraft({ ...shown, ...part });
  const change: WorkerPatch = changeIn(shown, worker);
  const own = hasOtherTags(worker) ? t('tagsOwnAre', { tags: worker.own_tags.join(', ') || t('none') }) : '';
  const tagsHint = `${t('tagsHint')} ${own}`.trim();
  const wrong = (field: string) => (error instanceof ApiError ? error.field(field) : null);
  const save = async (event: SubmitEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    const back = wayBack(worker, change);
    try {
      await changeWorker(worker.id, change);
      setDraft(null);
      toastDone(t('saved'), () => void changeWorker(worker.id, back).catch(toastError));
    } catch (caught) {
      setError(caught);
      toastError(caught);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Form onSubmit={(event) => void save(event)}>
      <Field label={t('tags')} hint={tagsHint} error={wrong('tags')}>
        <Input value={shown.tags} onChange={(event) => set({ tags: event.target.value })} />
      </Field>
      <Field label={t('slots')} hint={t('slotsHint')} error={wrong('max_parallel_tasks')}>
        <Input
          type="number"
          required
          min={1}
          max={1000}
          value={shown.slots}
          onChange={(event) => set({ slots: event.target.value })}
        />
      </Field>
      <Field label={t('priority')} hint={t('priorityHint')} error={wrong('priority')}>
        <Input
          type="number"
          required
          min={0}
          max={1000}
          value={shown.priority}
          onChange={(event) => set({ priority: event.target.value })}
        />
      </Field>
      <Field label={t('weight')} hint={t('weightHint')} error={wrong('weight')}>
        <Input
          type="number"
          required
          min={0}
          max={1}
          step="any"
          value={shown.weight}
          onChange={(event) => set({ weight: event.target.value })}
        />
      </Field>
      {mayGive && teams.length > 1 && (
        <Field label={t('team')} error={wrong('team_id')}>
          <Select
            value={shown.team}
            onChange={(team) => set({ team })}
            options={[
              { value: '', label: t('sharedByAll') },
              ...teams.map(({ id, name }) => ({ value: id, label: name })),
            ]}
          />
        </Field>
      )}
      <Field label={t('notes')} hint={t('notesHint')} error={wrong('notes')}>
        <TextArea value={shown.notes} maxLength={10_000} onChange={(event) => set({ notes: event.target.value })} />
      </Field>
      <div>
        <Button look="primary" type="submit" busy={busy} disabled={Object.keys(change).length === 0}>
          {t('save')}
        </Button>
      </div>
    </Form>
  );
}
