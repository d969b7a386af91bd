import { X } from 'lucide-react';
import { useId, useState } from 'react';
import { Button, IconButton } from '../ui/button.tsx';
import { Checkbox, Input } from '../ui/field.tsx';
import { useMessages } from '../ui/i18n.ts';
import styles from './launch.module.css';
import { lines } from './form.ts';
import { messages } from './messages.ts';

export interface Choice {
  name: string;
  /** How many tests, or how many machines; left out where nobody knows. */
  n?: number;
  label?: string;
}

interface ChoicesProps {
  legend: string;
  hint?: string;
  error?: string | null;
  /** What is known to choose from, in the order in which it is shown. */
  known: readonly Choice[];
  /** Those that are chosen, one a line. */
  value: string;
  onChange: (value: string) => void;
  /** So many are shown as boxes, the others are found by typing. */
  most?: number;
  /** Others than the known ones may be named; says what may be typed. */
  placeholder?: string;
}

const MOST_FOUND = 500;

/** Some of many: boxes for the first, a field with suggestions for the rest. */
export function Choices({ legend, hint, error, known, value, onChange, most = 8, placeholder }: ChoicesProps) {
  const t = useMessages(messages);
  const id = useId();
  const [typed, setTyped] = useState('');
  const chosen = lines(value);
  const boxes = known.slice(0, most);
  const others = chosen.filter((name) => !boxes.some((box) => box.name === name));
  const set = (names: readonly string[]) => onChange(names.join('\n'));
  const toggle = (name: string) =>
    set(chosen.includes(name) ? chosen.filter((one) => one !== name) : [...chosen, name]);
  const add = () => {
    const name = typed.trim();
    if (name !== '' && !chosen.includes(name)) set([...chosen, name]);
    setTyped('');
  };
  const wrong = error != null && error !== '';
  return (
    <fieldset className={styles.choices} aria-describedby={wrong ? `${id}-error` : undefined}>
      <legend>{legend}</legend>
      {boxes.length + others.length > 0 && (
        <div className={styles.boxes}>
          {boxes.map(({ name, n, label }) => (
            <Checkbox
              key={name}
              checked={chosen.includes(name)}
              onChange={() => toggle(name)}
              label={
                <>
                  {label ?? name} {n !== undefined && <span className="muted">{n.toLocaleString()}</span>}
                </>
              }
            />
          ))}
          {others.map((name) => (
            <span key={name} className={styles.chosen}>
              {name}
              <IconButton
                label={t('removeNamed', { name })}
                icon={<X size={12} aria-hidden />}
                onClick={() => toggle(name)}
              />
            </span>
          ))}
        </div>
      )}
      {(placeholder !== undefined || known.length > most) && (
        <div className={styles.add}>
          <Input
            value={typed}
            list={`${id}-known`}
            aria-label={t('addTo', { what: legend })}
            aria-invalid={wrong || undefined}
            placeholder={placeholder ?? ''}
            onChange={(event) => setTyped(event.target.value)}
            onKeyDown={(event) => {
              if (event.key !== 'Enter' || event.ctrlKey || event.metaKey) return;
              event.preventDefault();
              add();
            }}
            onBlur={add}
          />
          <datalist id={`${id}-known`}>
            {known.slice(most, most + MOST_FOUND).map(({ name }) => (
              <option key={name} value={name} />
            ))}
          </datalist>
          <Button onClick={add} disabled={typed.trim() === ''}>
            {t('add')}
          </Button>
        </div>
      )}
      {hint !== undefined && <p className={styles.hint}>{hint}</p>}
      {wrong && (
        <p id={`${id}-error`} className={styles.error} role="alert">
          <span aria-hidden>✕ </span>
          {error}
        </p>
      )}
    </fieldset>
  );
}
