import { useState } from 'react';
import type { Template } from '../../shared/protocol/rest/launch.ts';
import { ApiError } from '../fleet/api-error.ts';
import { deleteTemplate, saveTemplate, type RunRequest } from '../fleet/launching.ts';
import { Button } from '../ui/button.tsx';
import { Confirm, Dialog } from '../ui/dialog.tsx';
import { Field, Form as FormFrame, Input, Select, TextArea } from '../ui/field.tsx';
import { useMessages } from '../ui/i18n.ts';
import { Menu } from '../ui/menu.tsx';
import { toastDone, toastError } from '../ui/toast.tsx';
import styles from './launch.module.css';
import { messages } from './messages.ts';
import { optionsOf } from './template.ts';

interface TemplatesProps {
  templates: readonly Template[];
  current: Template | undefined;
  onChoose: (template: Template | null) => void;
  /** null: the form is not complete enough to be kept. Called to be told what is wrong then. */
  requestOf: () => RunRequest | null;
  may: boolean;
}

/** Which template the form began with, and what may be done with templates. */
export function Templates({ templates, current, onChoose, requestOf, may }: TemplatesProps) {
  const t = useMessages(messages);
  const [editing, setEditing] = useState<{ id: string | null; request: RunRequest } | null>(null);
  const [deleting, setDeleting] = useState(false);
  const edit = (id: string | null) => {
    const request = requestOf();
    if (request) setEditing({ id, request });
  };
  const remove = async (template: Template) => {
    try {
      await deleteTemplate(template.id);
      onChoose(null);
      toastDone(t('templateDeleted', { name: template.name }));
    } catch (error) {
      toastError(error);
    }
  };
  return (
    <div className={styles.templates}>
      {templates.length > 0 && (
        <Field label={t('template')} hideLabel>
          <Select
            value={current?.id ?? ''}
            onChange={(id) => onChoose(templates.find((template) => template.id === id) ?? null)}
            options={[
              { value: '', label: t('templateNone') },
              ...templates.map(({ id, name, category }) => ({
                value: id,
                label: category === '' ? name : `${category} · ${name}`,
              })),
            ]}
          />
        </Field>
      )}
      {may && current && (
        <Menu
          label={t('templateActions')}
          groups={[
            [
              { label: t('templateUpdate', { name: current.name }), onSelect: () => edit(current.id) },
              { label: t('templateSaveNew'), onSelect: () => edit(null) },
            ],
            [{ label: t('templateDelete'), danger: true, onSelect: () => setDeleting(true) }],
          ]}
        />
      )}
      {may && !current && <Button onClick={() => edit(null)}>{t('templateSaveNew')}</Button>}
      {editing && (
        <TemplateDialog
          before={editing.id === null ? undefined : current}
          request={editing.request}
          onClose={(saved) => {
            setEditing(null);
            if (saved) onChoose(saved);
          }}
        />
      )}
      {current && (
        <Confirm
          open={deleting}
          onOpenChange={setDeleting}
          title={t('templateDeleteAsk', { name: current.name })}
          action={t('templateDelete')}
          danger
          onConfirm={() => {
            setDeleting(false);
            void remove(current);
          }}
        >
          {t('templateDeleteWhy')}
        </Confirm>
      )}
    </div>
  );
}

interface TemplateDialogProps {
  /** The one that is replaced. */
  before: Template | undefined;
  request: RunRequest;
  onClose: (saved: Template | null) => void;
}

function TemplateDialog({ before, request, onClose }: TemplateDialogProps) {
  const t = useMessages(messages);
  const [name, setName] = useState(before?.name ?? '');
  const [category, setCategory] = useState(before?.category ?? '');
  const [description, setDescription] = useState(before?.description ?? '');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  const save = async () => {
    setBusy(true);
    setError(null);
    try {
      const options = optionsOf(request, before?.options ?? null);
      const saved = await saveTemplate(before?.id ?? null, { name, category, description, options });
      toastDone(t('templateSaved', { name: saved.name }));
      onClose(saved);
    } catch (failure) {
      if (failure instanceof ApiError) setError(failure);
      else toastError(failure);
    } finally {
      setBusy(false);
    }
  };
  const known = ['name', 'category', 'description'] as const;
  const elsewhere = error !== null && known.every((field) => error.field(field) === null);
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose(null)}
      title={before ? t('templateUpdate', { name: before.name }) : t('templateSaveNew')}
      description={t('templateWhy')}
    >
      <FormFrame
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <Field label={t('templateName')} error={error?.field('name')}>
          <Input value={name} required maxLength={100} onChange={(event) => setName(event.target.value)} />
        </Field>
        <Field label={t('templateCategory')} hint={t('templateCategoryHint')} error={error?.field('category')}>
          <Input value={category} maxLength={100} onChange={(event) => setCategory(event.target.value)} />
        </Field>
        <Field label={t('templateDescription')} error={error?.field('description')}>
          <TextArea value={description} onChange={(event) => setDescription(event.target.value)} />
        </Field>
        {elsewhere && (
          <p className={styles.error} role="alert">
            <span aria-hidden>✕ </span>
            {error.message}
          </p>
        )}
        <div>
          <Button type="submit" look="primary" busy={busy} disabled={name.trim() === ''}>
            {t('templateSave')}
          </Button>
        </div>
      </FormFrame>
    </Dialog>
  );
}
