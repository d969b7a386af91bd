import { LoaderCircle } from 'lucide-react';
import type { ComponentProps, ReactNode } from 'react';
import styles from './button.module.css';
import { cx } from './class-names.ts';
import { Tooltip } from './tooltip.tsx';

type Look = 'plain' | 'primary' | 'danger' | 'quiet';

interface ButtonProps extends ComponentProps<'button'> {
  /** primary: what one came for, once per page. quiet: without a border. */
  look?: Look;
  icon?: ReactNode;
  /** It is being done: not to be pressed again. */
  busy?: boolean;
}

export function Button({ look = 'plain', icon, busy = false, className, children, disabled, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      className={cx(styles.button, styles[look], className)}
      disabled={disabled === true || busy}
      aria-busy={busy || undefined}
      {...rest}
    >
      {busy ? <LoaderCircle className={styles.spin} size={14} aria-hidden /> : icon}
      {children}
    </button>
  );
}

interface IconButtonProps extends Omit<ComponentProps<'button'>, 'children'> {
  /** Says what it does: read aloud, and shown as a tooltip. */
  label: string;
  icon: ReactNode;
  look?: Look;
}

export function IconButton({ label, icon, look = 'quiet', className, ...rest }: IconButtonProps) {
  return (
    <Tooltip text={label}>
      <button
        type="button"
        aria-label={label}
        className={cx(styles.button, styles.icon, styles[look], className)}
        {...rest}
      >
        {icon}
      </button>
    </Tooltip>
  );
}
