/** A join code, as it is read out or typed, until the machine has come. */
import type { ReactNode } from 'react';
import { revokeJoinCode, useJoinCode, type MadeCode } from '../fleet/join-codes.ts';
import { Button } from '../ui/button.tsx';
import { CodeBlock, CopyButton } from '../ui/code-block.tsx';
import { useMessages } from '../ui/i18n.ts';
import { Status } from '../ui/status.tsx';
import { useNow } from '../ui/time.tsx';
import { toastError } from '../ui/toast.tsx';
import { messages } from './messages.ts';
import styles from './workers.module.css';

interface SixWordsProps {
  code: MadeCode;
  /** Shown when the machine has come. */
  joined: (worker: string) => ReactNode;
  onAgain: () => void;
  onClose: () => void;
}

export function SixWords({ code, joined, onAgain, onClose }: SixWordsProps) {
  const t = useMessages(messages);
  const { data: now } = useJoinCode(code.id);
  const time = useNow(1000);
  if (now?.worker != null) return joined(now.worker);
  if (now !== undefined && now.state !== 'active' && now.state !== 'used') {
    return (
      <div className={styles.stack}>
        <p>{t('neverUsed')}</p>
        <div>
          <Button look="primary" onClick={onAgain}>
            {t('addAnother')}
          </Button>
        </div>
      </div>
    );
  }
  const minutes = Math.max(1, Math.ceil((Date.parse(code.expires_at) - time) / 60_000));
  return (
    <div className={styles.stack}>
      <ol className={styles.words} aria-label={t('words')}>
        {code.code.split(' ').map((word) => (
          <li key={word}>{word}</li>
        ))}
      </ol>
      <div className={styles.kinds}>
        <span>
          <span className="muted">{t('codeAddress')}</span> <strong>{code.address}</strong>
        </span>
        <CopyButton text={code.code} label={t('words')} />
      </div>
      <p className="muted">{t('codeWhy')}</p>
      <p>{t('codeWhere')}</p>
      <CodeBlock text={`playfleet join ${code.code} --at ${code.address}`} label={t('command')} />
      <p role="status">
        <Status tone="running">{t('waitsForIt')}</Status> <span className="muted">{t('codeOver', { n: minutes })}</span>
      </p>
      <div>
        <Button onClick={() => void revokeJoinCode(code.id).then(onClose, toastError)}>{t('revokeCode')}</Button>
      </div>
    </div>
  );
}
