import { memo, useState, type SubmitEvent } from 'react';
import type { Setting } from '../../shared/protocol/rest/settings.ts';
import { ApiError } from '../fleet/api-error.ts';
import { changeSettings, type SettingValue } from '../fleet/settings.ts';
import { Button } from '../ui/button.tsx';
import { Field, Input, Select, Switch } from '../ui/field.tsx';
import { useMessages, type Translate } from '../ui/i18n.ts';
import { RelativeTime } from '../ui/time.tsx';
import { toastDone, toastError } from '../ui/toast.tsx';
import { readValue, textOfValue, type Problem } from './groups.ts';
import { messages } from './messages.ts';
import styles from './settings.module.css';

interface RowProps {
  setting: Setting;
  mayChange: boolean;
}

export const SettingRow = memo(function SettingRow({ setting, mayChange }: RowProps) {
  const { key, description } = setting;
  const change = useChange(setting);
  return (
    <li className={styles.setting} id={key}>
      <div>
        <code>{key}</code>
        <p className="muted">{description}</p>
      </div>
      <div>
        <Control setting={setting} mayChange={mayChange} change={change} />
        <Source setting={setting} mayChange={mayChange} onReset={() => void change(null)} />
      </div>
    </li>
  );
});

/** Answers with what is wrong with the value; null where it was taken. */
type Change = (value: SettingValue) => Promise<string | null>;

function useChange({ key, value: before, is_set: wasSet, secret }: Setting): Change {
  const t = useMessages(messages);
  return async (value) => {
    try {
      await changeSettings({ [key]: value });
      const back = () => void changeSettings({ [key]: wasSet ? before : null }).catch(toastError);
      // What a secret was, nobody here knows.
      toastDone(t('changed', { key }), secret ? undefined : back);
      return null;
    } catch (error) {
      const wrong = error instanceof ApiError ? error.field(key) : null;
      if (wrong === null) toastError(error);
      return wrong;
    }
  };
}

function Control({ setting, mayChange, change }: RowProps & { change: Change }) {
  const t = useMessages(messages);
  const { key, type, value, options } = setting;
  if (type === 'boolean') {
    return (
      <Switch
        label={value === true ? t('yes') : t('no')}
        aria-label={key}
        checked={value === true}
        disabled={!mayChange}
        onChange={(checked) => void change(checked)}
      />
    );
  }
  if (!mayChange) return <span>{valueText(setting, t)}</span>;
  if (options !== null) {
    return (
      <Select
        aria-label={key}
        value={textOfValue(value)}
        onChange={(chosen) => void change(chosen)}
        options={options.map((option) => ({ value: option, label: option }))}
      />
    );
  }
  return <TypedValue key={textOfValue(value)} setting={setting} change={change} />;
}

/** Saved when it is sent, so that half a number never counts. */
function TypedValue({ setting, change }: { setting: Setting; change: Change }) {
  const t = useMessages(messages);
  const { key, type, secret, is_set, minimum, maximum } = setting;
  const before = secret ? '' : textOfValue(setting.value);
  const [text, setText] = useState(before);
  const [wrong, setWrong] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const { value, problem } = readValue(setting, text);
  const save = async (event: SubmitEvent) => {
    event.preventDefault();
    if (problem !== null || text === before) return;
    setBusy(true);
    setWrong(await change(text === '' ? null : value));
    setBusy(false);
    if (secret) setText('');
  };
  const numeric = type === 'int' || type === 'float';
  return (
    <form className={styles.typed} onSubmit={(event) => void save(event)}>
      <Field label={key} hideLabel error={text === before ? null : (problemText(problem, setting, t) ?? wrong)}>
        <Input
          value={text}
          type={secret ? 'password' : 'text'}
          inputMode={numeric ? 'decimal' : 'text'}
          autoComplete={secret ? 'new-password' : 'off'}
          placeholder={secret && is_set ? t('isSet') : t('notSet')}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={(event) => event.key === 'Escape' && setText(before)}
        />
      </Field>
      {numeric && minimum !== null && maximum !== null && text === before && (
        <span className="muted">{t('between', { minimum, maximum })}</span>
      )}
      {text !== before && (
        <>
          <Button type="submit" look="primary" busy={busy} disabled={problem !== null}>
            {t('save')}
          </Button>
          <Button onClick={() => setText(before)}>{t('cancel')}</Button>
        </>
      )}
    </form>
  );
}

type Say = Translate<(typeof messages)['en']>;

function problemText(problem: Problem, { minimum, maximum }: Setting, t: Say): string | null {
  switch (problem) {
    case null:
      return null;
    case 'tooSmall':
      return t('tooSmall', { minimum: minimum ?? 0 });
    case 'tooLarge':
      return t('tooLarge', { maximum: maximum ?? 0 });
    default:
      return t(problem);
  }
}

function valueText({ secret, is_set, value }: Setting, t: Say): string {
  if (secret) return t(is_set ? 'isSet' : 'notSet');
  return textOfValue(value) || t('notSet');
}

/** Where the value comes from: the default, or somebody. */
function Source({ setting, mayChange, onReset }: RowProps & { onReset: () => void }) {
  const t = useMessages(messages);
  const { is_set, updated_at, updated_by, type, secret } = setting;
  const preset = type === 'boolean' ? t(setting.default === true ? 'yes' : 'no') : textOfValue(setting.default);
  return (
    <p className={styles.source}>
      {is_set && updated_by !== null && updated_at !== null && (
        <>
          {t('setBy', { name: updated_by })}, <RelativeTime at={updated_at} />.{' '}
        </>
      )}
      {!secret && t('defaultValue', { value: preset || t('notSet') })}
      {is_set && mayChange && (
        <Button look="quiet" onClick={onReset}>
          {t('reset')}
        </Button>
      )}
    </p>
  );
}
