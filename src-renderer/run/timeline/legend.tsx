import type { CSSProperties, ReactNode } from 'react';
import { cx } from '../../ui/class-names.ts';
import { useMessages } from '../../ui/i18n.ts';
import { Sign } from '../../ui/status.tsx';
import styles from './gantt.module.css';
import { messages } from './messages.ts';

/** What the colours and signs of the timeline stand for. */
export function Legend() {
  const t = useMessages(messages);
  const swatch = (style: CSSProperties, thin = false): ReactNode => (
    <span aria-hidden className={cx(styles.swatch, thin && styles.thin)} style={style} />
  );
  return (
    <ul className={styles.legend} aria-label={t('legend')}>
      <li>
        <Sign tone="passed" /> {t('passed')}
      </li>
      <li>
        <Sign tone="failed" /> {t('failed')}
      </li>
      <li>
        {swatch({ background: 'var(--flaky)' })} {t('interrupted')}
      </li>
      <li>
        <Sign tone="skipped" /> {t('skipped')}
      </li>
      <li>
        {swatch({ background: 'var(--passed)', opacity: 0.4 })} {t('notCounted')}
      </li>
      <li>
        {swatch({ background: 'var(--line)' })} {t('held')}
      </li>
      <li>
        {swatch({ background: 'var(--line)' }, true)} {t('preparing')}
      </li>
      <li>
        {swatch({ background: 'var(--running)' }, true)} {t('running')}
      </li>
      <li>
        {swatch({ background: 'var(--hover)' })} {t('otherRun')}
      </li>
      <li>
        {swatch({ background: 'repeating-linear-gradient(135deg, var(--line) 0 2px, transparent 2px 5px)' })}{' '}
        {t('offline')}
      </li>
      <li>
        {swatch({ border: '1.5px dashed var(--flaky)' })} {t('race')}
      </li>
      <li>
        <span aria-hidden style={{ color: 'var(--flaky)' }}>
          ▼
        </span>{' '}
        {t('steal')}
      </li>
      <li>
        {swatch({ width: 2, height: 14, background: 'var(--failed)' })} {t('lost')}
      </li>
    </ul>
  );
}
