/** Where the filter is typed: says what is wrong and where, and suggests what may come next. `/` brings the focus here. */
import { Search, X } from 'lucide-react';
import { useId, useRef, useState, type KeyboardEvent } from 'react';
import { IconButton } from '../../ui/button.tsx';
import { cx } from '../../ui/class-names.ts';
import { useMessages } from '../../ui/i18n.ts';
import { useKeys } from '../../ui/keys.ts';
import { messages } from './messages.ts';
import field from '../../ui/filter-input.module.css';
import styles from './filter-box.module.css';
import type { Filter, Suggestions, Vocabulary } from './filter.ts';

interface FilterBoxProps {
  text: string;
  /** The same, read. */
  filter: Filter;
  onChange: (text: string) => void;
  vocabulary: Vocabulary;
}

export function FilterBox({ text, filter, onChange, vocabulary }: FilterBoxProps) {
  const t = useMessages(messages);
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const [caret, setCaret] = useState<number | null>(null);
  const [chosen, setChosen] = useState(-1);
  useKeys({ '/': () => input.current?.select() });
  const suggested = caret === null ? null : filter.suggest(caret, vocabulary);

  const moved = () => {
    setCaret(input.current?.selectionStart ?? null);
    setChosen(-1);
  };
  const take = ({ from, to }: Suggestions, option: string) => {
    const more = /:$/.test(option) ? '' : ' ';
    onChange(text.slice(0, from) + option + more + text.slice(to).trimStart());
    const at = from + option.length + more.length;
    setCaret(at);
    setChosen(-1);
    requestAnimationFrame(() => input.current?.setSelectionRange(at, at));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape') {
      if (suggested) setCaret(null);
      else if (text === '') input.current?.blur();
      else onChange('');
      return;
    }
    if (!suggested) {
      // From the filter straight into the list.
      if (event.key === 'Enter' || event.key === 'ArrowDown') input.current?.blur();
      return;
    }
    const { options } = suggested;
    if (event.key === 'ArrowDown') setChosen((chosen + 1) % options.length);
    else if (event.key === 'ArrowUp') setChosen(((chosen + options.length) % (options.length + 1)) - 1);
    else if (event.key === 'Tab' && !event.shiftKey && (chosen >= 0 || options.length === 1))
      take(suggested, options[Math.max(chosen, 0)]!);
    else if (event.key === 'Enter') {
      if (chosen >= 0) take(suggested, options[chosen]!);
      else input.current?.blur();
    } else return;
    event.preventDefault();
  };

  const [error] = filter.errors;
  return (
    <div className={styles.box}>
      <div className={cx(field.filter, styles.filter, error && styles.wrong)} role="search">
        <Search size={14} className={field.icon} aria-hidden />
        <input
          ref={input}
          className={field.input}
          type="text"
          role="combobox"
          aria-expanded={suggested !== null}
          aria-controls={`${id}-list`}
          aria-autocomplete="list"
          aria-activedescendant={chosen >= 0 ? `${id}-${chosen}` : undefined}
          aria-label={t('filter')}
          aria-invalid={error !== undefined}
          aria-describedby={error ? `${id}-error` : undefined}
          placeholder={t('filterHint')}
          value={text}
          spellCheck={false}
          autoComplete="off"
          autoCapitalize="off"
          onChange={(event) => {
            onChange(event.target.value);
            setCaret(event.target.selectionStart);
            setChosen(-1);
          }}
          onSelect={moved}
          onBlur={() => setCaret(null)}
          onKeyDown={onKeyDown}
        />
        {text !== '' && (
          <IconButton
            label={t('showAll')}
            icon={<X size={14} aria-hidden />}
            onClick={() => {
              onChange('');
              input.current?.focus();
            }}
          />
        )}
      </div>
      <ul id={`${id}-list`} role="listbox" aria-label={t('suggestions')} className={styles.list} hidden={!suggested}>
        {suggested?.options.map((option, index) => (
          <li
            key={option}
            id={`${id}-${index}`}
            role="option"
            aria-selected={index === chosen}
            className={styles.option}
            // The input keeps the focus.
            onPointerDown={(event) => {
              event.preventDefault();
              take(suggested, option);
            }}
          >
            {option}
          </li>
        ))}
      </ul>
      {error && (
        <p id={`${id}-error`} className={styles.error} role="alert">
          <span aria-hidden>✕ </span>
          {t(error.code, { text: text.slice(error.from, error.to) })}
        </p>
      )}
    </div>
  );
}
