import { Plus, X } from 'lucide-react';
import { useState } from 'react';
import type { Sources } from '../../shared/protocol/rest/launch.ts';
import { Button, IconButton } from '../ui/button.tsx';
import { Field, Input, Select, TextArea } from '../ui/field.tsx';
import { useMessages } from '../ui/i18n.ts';
import { Card } from '../ui/page.tsx';
import { Choices } from './choices.tsx';
import { afterOf, afterText, lines, type After } from './form.ts';
import styles from './launch.module.css';
import { EXAMPLES } from './examples.ts';
import { messages } from './messages.ts';
import type { PartProps } from './what.tsx';

interface EnvironmentPartProps extends PartProps {
  sources: Sources | null | undefined;
  /** Values of variables by name: in this page alone. */
  values: Readonly<Record<string, string>>;
  onValue: (name: string, value: string) => void;
}

/** What it tests against, and what the tests are told of it. */
export function EnvironmentPart({ form, change, errorOf, sources, values, onValue }: EnvironmentPartProps) {
  const t = useMessages(messages);
  return (
    <Card title={t('against')}>
      <div className={styles.stack}>
        <div className={styles.pair}>
          <Field label={t('environment')} hint={t('environmentHint')} error={errorOf('environment')}>
            <Input
              value={form.environment}
              list="launch-environments"
              autoComplete="off"
              placeholder={EXAMPLES.environment}
              onChange={(event) => change({ environment: event.target.value })}
            />
          </Field>
          <datalist id="launch-environments">
            {sources?.environments.map((name) => (
              <option key={name} value={name} />
            ))}
          </datalist>
          <Field label={t('base')} hint={t('baseHint')} error={errorOf('base')}>
            <Input
              value={form.base}
              type="url"
              autoComplete="off"
              placeholder={EXAMPLES.baseUrl}
              onChange={(event) => change({ base: event.target.value })}
            />
          </Field>
        </div>
        <Variables form={form} change={change} errorOf={errorOf} values={values} onValue={onValue} />
      </div>
    </Card>
  );
}

function Variables({ form, change, errorOf, values, onValue }: Omit<EnvironmentPartProps, 'sources'>) {
  const t = useMessages(messages);
  const [name, setName] = useState('');
  const names = lines(form.env);
  const add = () => {
    if (name.trim() !== '' && !names.includes(name.trim())) change({ env: [...names, name.trim()].join('\n') });
    setName('');
  };
  return (
    <fieldset className={styles.choices}>
      <legend>{t('env')}</legend>
      {names.map((one) => (
        <div key={one} className={styles.variable}>
          <code>{one}</code>
          <Field label={t('envValue', { name: one })} hideLabel>
            <Input
              type="password"
              autoComplete="new-password"
              placeholder={t('envPlaceholder')}
              value={values[one] ?? ''}
              onChange={(event) => onValue(one, event.target.value)}
            />
          </Field>
          <IconButton
            label={t('removeNamed', { name: one })}
            icon={<X size={14} aria-hidden />}
            onClick={() => change({ env: names.filter((each) => each !== one).join('\n') })}
          />
        </div>
      ))}
      <div className={styles.add}>
        <Field label={t('envName')} hideLabel error={errorOf('env')} hint={t('envHint')}>
          <Input
            value={name}
            placeholder={t('envName')}
            autoComplete="off"
            spellCheck={false}
            onChange={(event) => setName(event.target.value)}
            onKeyDown={(event) => {
              if (event.key !== 'Enter' || event.ctrlKey || event.metaKey) return;
              event.preventDefault();
              add();
            }}
          />
        </Field>
        <Button onClick={add} disabled={name.trim() === ''}>
          {t('add')}
        </Button>
      </div>
    </fieldset>
  );
}

/** What few runs need: closed unless something in it is set or wrong. */
export function MorePart({ form, change, errorOf }: PartProps) {
  const t = useMessages(messages);
  const used = [form.labels, form.args, form.config, form.after, form.groups].some((value) => value !== '');
  return (
    <details className={styles.more} open={used}>
      <summary>{t('more')}</summary>
      <div className={styles.stack}>
        <Choices
          legend={t('labels')}
          hint={t('labelsHint')}
          known={[]}
          value={form.labels}
          placeholder={EXAMPLES.tag}
          error={errorOf('labels')}
          onChange={(labels) => change({ labels })}
        />
        <div className={styles.pair}>
          <Field label={t('args')} hint={t('argsHint')} error={errorOf('args')}>
            <TextArea
              value={form.args}
              spellCheck={false}
              placeholder={EXAMPLES.arguments}
              onChange={(event) => change({ args: event.target.value })}
            />
          </Field>
          <Field label={t('config')} hint={t('configHint')} error={errorOf('config')}>
            <Input
              value={form.config}
              autoComplete="off"
              placeholder={EXAMPLES.config}
              onChange={(event) => change({ config: event.target.value })}
            />
          </Field>
        </div>
        <AfterFields form={form} change={change} error={errorOf('after')} />
        <Field label={t('groups')} hint={t('groupsHint')} error={errorOf('groups')}>
          <TextArea
            value={form.groups}
            spellCheck={false}
            placeholder={'[{ "name": "smoke", "select": { "tag": "@smoke" } }]'}
            onChange={(event) => change({ groups: event.target.value })}
          />
        </Field>
      </div>
    </details>
  );
}

interface AfterFieldsProps {
  form: PartProps['form'];
  change: PartProps['change'];
  error: string | null;
}

function AfterFields({ form, change, error }: AfterFieldsProps) {
  const t = useMessages(messages);
  const after = afterOf(form);
  const set = (next: readonly After[]) => change({ after: afterText(next) });
  const setOne = (index: number, part: Partial<After>) =>
    set(after.map((one, i) => (i === index ? { ...one, ...part } : one)));
  return (
    <fieldset className={styles.choices}>
      <legend>{t('after')}</legend>
      {after.map((one, index) => (
        <div key={index} className={styles.after}>
          <Field label={t('afterRun')} error={index === after.length - 1 ? error : null}>
            <Input
              value={one.run}
              placeholder="12"
              onChange={(event) => setOne(index, { run: event.target.value.replaceAll(/[:\n]/g, '') })}
            />
          </Field>
          <Field label={t('afterOn')}>
            <Select
              value={one.on}
              onChange={(on) => setOne(index, { on })}
              options={[
                { value: 'success', label: t('onSuccess') },
                { value: 'end', label: t('onEnd') },
                { value: 'failure', label: t('onFailure') },
              ]}
            />
          </Field>
          <Field label={t('afterOtherwise')}>
            <Select
              value={one.otherwise}
              onChange={(otherwise) => setOne(index, { otherwise })}
              options={[
                { value: 'skip', label: t('otherwiseSkip') },
                { value: 'run', label: t('otherwiseRun') },
                { value: 'wait', label: t('otherwiseWait') },
              ]}
            />
          </Field>
          <IconButton
            label={t('removeNamed', { name: `#${one.run}` })}
            icon={<X size={14} aria-hidden />}
            onClick={() => set(after.filter((_, i) => i !== index))}
          />
        </div>
      ))}
      <div>
        <Button
          icon={<Plus size={14} aria-hidden />}
          onClick={() => set([...after, { run: '', on: 'success', otherwise: 'skip' }])}
        >
          {t('afterAdd')}
        </Button>
      </div>
    </fieldset>
  );
}
