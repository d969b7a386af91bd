import { CodeBlock } from '../ui/code-block.tsx';
import { useMessages } from '../ui/i18n.ts';
import { QrCode } from '../ui/qr-code.tsx';
import { DateTime } from '../ui/time.tsx';
import { messages } from './messages.ts';
import styles from './people.module.css';

/** A link that is shown once and works once. */
export function OneLink({ link, until }: { link: string; until: string }) {
  const t = useMessages(messages);
  return (
    <div className={styles.stack}>
      <CodeBlock text={link} label={t('link')} />
      <QrCode text={link} label={t('linkQr')} />
      <p>
        {t('linkUntil')} <DateTime at={until} />
      </p>
      <p className="muted">{t('linkWhy')}</p>
    </div>
  );
}
