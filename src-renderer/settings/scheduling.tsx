/** What admins say about scheduling: caps, weights and rules. */
import { useState, type ReactNode, type SubmitEvent } from 'react';
import { useMayEverywhere } from '../fleet/access.ts';
import { ApiError } from '../fleet/api-error.ts';
import { putPolicy, removePolicy, usePolicies, type Policies, type PolicyKind } from '../fleet/settings.ts';
import { Button } from '../ui/button.tsx';
import { Confirm, Dialog } from '../ui/dialog.tsx';
import { Field, Form, Input } from '../ui/field.tsx';
import { useMessages } from '../ui/i18n.ts';
import { Section } from '../ui/page.tsx';
import { ErrorState, Skeleton } from '../ui/states.tsx';
import { RelativeTime } from '../ui/time.tsx';
import { toastDone, toastError } from '../ui/toast.tsx';
import { messages } from './messages.ts';
import {
  capOf,
  capText,
  fieldsOf,
  fieldsOfRule,
  ruleOf,
  ruleText,
  THEN,
  weightOf,
  weightText,
  WHEN,
  type Fields,
} from './policy-text.ts';
import styles from './settings.module.css';

export function Scheduling() {
  const t = useMessages(messages);
  return (
    <div className={styles.stack}>
      <Policy
        kind="caps"
        title={t('caps')}
        why={t('capsWhy')}
        none={t('noCaps')}
        one={t('cap')}
        textOf={capText}
        fieldsOf={fieldsOf}
        valueOf={capOf}
        inputs={[
          { name: 'tag', label: t('tag') },
          { name: 'environment', label: t('environmentOr') },
          { name: 'limit', label: t('limit'), number: true },
        ]}
      />
      <Policy
        kind="weights"
        title={t('weights')}
        why={t('weightsWhy')}
        none={t('noWeights')}
        one={t('weight')}
        textOf={weightText}
        fieldsOf={fieldsOf}
        valueOf={weightOf}
        inputs={[
          { name: 'user', label: t('user') },
          { name: 'project', label: t('project') },
          { name: 'weight', label: t('share'), number: true },
        ]}
      />
      <Policy
        kind="rules"
        title={t('rules')}
        why={t('rulesWhy')}
        none={t('noRules')}
        one={t('rule')}
        textOf={ruleText}
        fieldsOf={fieldsOfRule}
        valueOf={ruleOf}
        inputs={[
          { name: 'name', label: t('name') },
          ...WHEN.map((name) => ({
            name: `when.${name}`,
            label: `${t('ruleWhen')}: ${name === 'tag' ? t('tagOfRun') : t(name)}`,
          })),
          ...THEN.map((name) => ({
            name: `then.${name}`,
            label: `${t('ruleThen')}: ${t(name)}`,
            number: name === 'priority',
          })),
        ]}
      />
    </div>
  );
}

interface FormInput {
  /** As the API names the field. */
  name: string;
  label: string;
  number?: boolean;
}

interface PolicyProps<K extends PolicyKind> {
  kind: K;
  title: string;
  why: string;
  none: string;
  /** What one of them is called. */
  one: string;
  textOf: (value: Policies[K]) => string;
  fieldsOf: (value: Policies[K]) => Fields;
  valueOf: (fields: Fields) => Policies[K];
  inputs: readonly FormInput[];
}

type Editing = { id: string | null; fields: Fields };

function Policy<K extends PolicyKind>(props: PolicyProps<K>): ReactNode {
  const { kind, title, why, none, one, textOf, fieldsOf, valueOf, inputs } = props;
  const t = useMessages(messages);
  const mayChange = useMayEverywhere('admin');
  const { data, error, refetch } = usePolicies(kind);
  const [editing, setEditing] = useState<Editing | null>(null);
  const [removing, setRemoving] = useState<{ id: string; text: string } | null>(null);
  const remove = (id: string) => {
    setRemoving(null);
    removePolicy(kind, id).then(() => toastDone(t('removed')), toastError);
  };
  return (
    <Section
      title={title}
      actions={
        mayChange && (
          <Button aria-label={`${t('add')}: ${one}`} onClick={() => setEditing({ id: null, fields: {} })}>
            {t('add')}
          </Button>
        )
      }
    >
      <p className="muted">{why}</p>
      {error ? (
        <ErrorState error={error} onRetry={() => void refetch()} />
      ) : !data ? (
        <Skeleton rows={2} />
      ) : data.length === 0 ? (
        <p>{none}</p>
      ) : (
        <ol className={styles.policies}>
          {data.map(({ id, value, updated_by, updated_at }) => (
            <li key={id} className={styles.policy}>
              <span>{textOf(value)}</span>
              <span className="muted">
                {updated_by}, <RelativeTime at={updated_at} />
              </span>
              {mayChange && (
                <span>
                  <Button
                    look="quiet"
                    aria-label={`${t('change')}: ${textOf(value)}`}
                    onClick={() => setEditing({ id, fields: fieldsOf(value) })}
                  >
                    {t('change')}
                  </Button>
                  <Button
                    look="quiet"
                    aria-label={`${t('remove')}: ${textOf(value)}`}
                    onClick={() => setRemoving({ id, text: textOf(value) })}
                  >
                    {t('remove')}
                  </Button>
                </span>
              )}
            </li>
          ))}
        </ol>
      )}
      {editing && (
        <PolicyForm
          title={`${editing.id === null ? t('add') : t('change')}: ${one}`}
          inputs={inputs}
          start={editing.fields}
          onSave={(fields) => putPolicy(kind, editing.id, valueOf(fields))}
          onClose={() => setEditing(null)}
        />
      )}
      <Confirm
        open={removing !== null}
        onOpenChange={() => setRemoving(null)}
        title={`${t('remove')}: ${removing?.text ?? ''}`}
        action={t('remove')}
        danger
        onConfirm={() => removing && remove(removing.id)}
      >
        <p>{t('removeWhy')}</p>
      </Confirm>
    </Section>
  );
}

interface PolicyFormProps {
  title: string;
  inputs: readonly FormInput[];
  start: Fields;
  onSave: (fields: Fields) => Promise<unknown>;
  onClose: () => void;
}

function PolicyForm({ title, inputs, start, onSave, onClose }: PolicyFormProps) {
  const t = useMessages(messages);
  const [fields, setFields] = useState<Fields>(start);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const save = async (event: SubmitEvent) => {
    event.preventDefault();
    setBusy(true);
    try {
      await onSave(fields);
      onClose();
    } catch (caught) {
      setError(caught);
      setBusy(false);
    }
  };
  const named = inputs.some(({ name }) => error instanceof ApiError && error.field(name) !== null);
  return (
    <Dialog open onOpenChange={onClose} title={title} wide={inputs.length > 4}>
      <Form onSubmit={(event) => void save(event)}>
        <div className={styles.fields}>
          {inputs.map(({ name, label, number = false }) => (
            <Field key={name} label={label} error={error instanceof ApiError ? error.field(name) : null}>
              <Input
                value={fields[name] ?? ''}
                inputMode={number ? 'decimal' : 'text'}
                onChange={(event) =>
                  setFields({ ...fields, [name]: event.target.value.trim() === '' ? '' : event.target.value })
                }
              />
            </Field>
          ))}
        </div>
        {error instanceof Error && !named && <p role="alert">{error.message}</p>}
        <div>
          <Button look="primary" type="submit" busy={busy}>
            {t('save')}
          </Button>
        </div>
      </Form>
    </Dialog>
  );
}
