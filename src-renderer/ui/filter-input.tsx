import { Search, X } from 'lucide-react';
import { useRef } from 'react';
import { IconButton } from './button.tsx';
import styles from './filter-input.module.css';
import { useMessages } from './i18n.ts';
import { useKeys } from './keys.ts';
import { messages } from './messages.ts';

interface FilterInputProps {
  value: string;
  onChange: (value: string) => void;
  /** What is filtered. */
  label: string;
  /** Shows what may be typed. */
  placeholder?: string;
}

/** `/` brings the focus here, Escape empties it. One per page. */
export function FilterInput({ value, onChange, label, placeholder }: FilterInputProps) {
  const t = useMessages(messages);
  const input = useRef<HTMLInputElement>(null);
  useKeys({ '/': () => input.current?.select() });
  return (
    <div className={styles.filter} role="search">
      <Search size={14} className={styles.icon} aria-hidden />
      <input
        ref={input}
        className={styles.input}
        type="text"
        aria-label={label}
        title={t('filterKey')}
        placeholder={placeholder ?? t('filter')}
        value={value}
        spellCheck={false}
        autoComplete="off"
        onChange={(event) => onChange(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Escape') return;
          if (value === '') input.current?.blur();
          else onChange('');
        }}
      />
      {value !== '' && (
        <IconButton
          label={t('clearFilter')}
          icon={<X size={14} aria-hidden />}
          onClick={() => {
            onChange('');
            input.current?.focus();
          }}
        />
      )}
    </div>
  );
}
