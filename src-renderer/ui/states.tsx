/** What stands in place of content that is not there: nothing yet, an error, still loading. */
import type { ReactNode } from 'react';
import { Button } from './button.tsx';
import { CodeBlock } from './code-block.tsx';
import { useMessages } from './i18n.ts';
import { messages } from './messages.ts';
import { Sign } from './status.tsx';
import styles from './states.module.css';

interface EmptyStateProps {
  title: string;
  children?: ReactNode;
  /** The command that changes it, to copy. */
  command?: string;
  action?: ReactNode;
}

export function EmptyState({ title, children, command, action }: EmptyStateProps) {
  return (
    <div className={styles.state}>
      <h2>{title}</h2>
      {children}
      {command !== undefined && <CodeBlock text={command} />}
      {action}
    </div>
  );
}

/** Says what went wrong in the words of the error, which name the mend. `onRetry`: reads it anew. */
export function ErrorState({ error, title, onRetry }: { error: unknown; title?: string; onRetry?: () => void }) {
  const t = useMessages(messages);
  return (
    <div className={styles.state} role="alert">
      <h2>
        <Sign tone="failed" /> {title ?? t('failed')}
      </h2>
      <p>{error instanceof Error ? error.message : String(error)}</p>
      {onRetry && <Button onClick={onRetry}>{t('retry')}</Button>}
    </div>
  );
}

/** Grey bars in the place of text that is on its way. */
export function Skeleton({ rows = 5 }: { rows?: number }) {
  const t = useMessages(messages);
  return (
    <div className={styles.skeleton} role="status" aria-busy>
      <span className="visually-hidden">{t('loading')}</span>
      {Array.from({ length: rows }, (_, index) => (
        <div key={index} className={styles.bar} />
      ))}
    </div>
  );
}
