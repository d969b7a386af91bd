/** Form controls. Each control stands in a `Field`, which ties label, hint and error to it. */
import { createContext, useContext, useId, type ComponentProps, type ReactNode } from 'react';
import { cx } from './class-names.ts';
import styles from './field.module.css';

interface Ties {
  id: string;
  describedBy: string | undefined;
  invalid: boolean;
}
const FieldContext = createContext<Ties | null>(null);

interface FieldProps {
  label: string;
  hint?: ReactNode;
  /** What is wrong with it and how to mend it, as ApiError.field() gives it. */
  error?: string | null | undefined;
  /** Seen only by those who do not see the page. */
  hideLabel?: boolean;
  children: ReactNode;
}

export function Field({ label, hint, error, hideLabel = false, children }: FieldProps) {
  const id = useId();
  const wrong = error != null && error !== '';
  const about = [hint !== undefined ? `${id}-hint` : '', wrong ? `${id}-error` : ''].filter(Boolean).join(' ');
  return (
    <div className={styles.field}>
      <label htmlFor={id} className={hideLabel ? 'visually-hidden' : styles.label}>
        {label}
      </label>
      <FieldContext value={{ id, describedBy: about === '' ? undefined : about, invalid: wrong }}>
        {children}
      </FieldContext>
      {hint !== undefined && (
        <p id={`${id}-hint`} className={styles.hint}>
          {hint}
        </p>
      )}
      {wrong && (
        <p id={`${id}-error`} className={styles.error} role="alert">
          <span aria-hidden>✕ </span>
          {error}
        </p>
      )}
    </div>
  );
}

function useTies() {
  const ties = useContext(FieldContext);
  if (ties === null) return {};
  return { id: ties.id, 'aria-describedby': ties.describedBy, 'aria-invalid': ties.invalid || undefined };
}

export function Input({ className, ...rest }: ComponentProps<'input'>) {
  return <input className={cx(styles.control, className)} {...useTies()} {...rest} />;
}

export function TextArea({ className, ...rest }: ComponentProps<'textarea'>) {
  return <textarea className={cx(styles.control, styles.area, className)} {...useTies()} {...rest} />;
}

interface SelectProps<V extends string> extends Omit<ComponentProps<'select'>, 'value' | 'onChange'> {
  options: readonly { value: V; label: string }[];
  value: V;
  onChange: (value: V) => void;
}

/** The browser's own: it knows phones and screen readers best. */
export function Select<V extends string>({ options, value, onChange, className, ...rest }: SelectProps<V>) {
  return (
    <select
      className={cx(styles.control, className)}
      value={value}
      onChange={(event) => onChange(event.target.value as V)}
      {...useTies()}
      {...rest}
    >
      {options.map((option) => (
        <option key={option.value} value={option.value}>
          {option.label}
        </option>
      ))}
    </select>
  );
}

interface CheckProps extends Omit<ComponentProps<'input'>, 'type' | 'onChange' | 'checked'> {
  label: ReactNode;
  checked: boolean;
  onChange: (checked: boolean) => void;
}

export function Checkbox({ label, checked, onChange, ...rest }: CheckProps) {
  return (
    <label className={styles.check}>
      <input type="checkbox" checked={checked} onChange={(event) => onChange(event.target.checked)} {...rest} />
      {label}
    </label>
  );
}

/** On or off, at once. */
export function Switch({ label, checked, onChange, ...rest }: CheckProps) {
  return (
    <label className={styles.check}>
      <input
        type="checkbox"
        role="switch"
        className={styles.switch}
        checked={checked}
        onChange={(event) => onChange(event.target.checked)}
        {...rest}
      />
      {label}
    </label>
  );
}

/** Fields one under another, with a line of buttons at the end. */
export function Form({ className, ...rest }: ComponentProps<'form'>) {
  return <form className={cx(styles.form, className)} {...rest} />;
}
