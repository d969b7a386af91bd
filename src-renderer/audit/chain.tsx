import { useEffect, useRef, useState } from 'react';
import { verifyAudit, type Verification } from '../fleet/audit.ts';
import { Button } from '../ui/button.tsx';
import { CodeBlock } from '../ui/code-block.tsx';
import { useMessages } from '../ui/i18n.ts';
import { Card } from '../ui/page.tsx';
import { Status } from '../ui/status.tsx';
import { toastError } from '../ui/toast.tsx';
import { messages } from './messages.ts';
import styles from './audit.module.css';

/** Whether nobody has changed the log: looked at when somebody asks, because it reads all of it. */
export function Chain() {
  const t = useMessages(messages);
  const [checked, setChecked] = useState<number | null>(null);
  const [result, setResult] = useState<Verification | null>(null);
  const running = useRef<AbortController | null>(null);
  useEffect(() => () => running.current?.abort(), []);
  const verify = async () => {
    const controller = new AbortController();
    running.current = controller;
    setResult(null);
    setChecked(0);
    try {
      setResult(await verifyAudit(setChecked, controller.signal));
    } catch (error) {
      if (!controller.signal.aborted) toastError(error);
    } finally {
      setChecked(null);
    }
  };
  return (
    <Card>
      <div className={styles.chain}>
        <div role="status" className={styles.verdict}>
          {checked !== null ? (
            <Status tone="running">{t('checking', { n: checked })}</Status>
          ) : result === null ? (
            <span className="muted">{t('unchecked')}</span>
          ) : result.broken ? (
            <>
              <Status tone="failed">{t('broken')}</Status>
              <p>{t('brokenMend', { seq: result.broken.seq, detail: result.broken.detail })}</p>
            </>
          ) : (
            <>
              <Status tone="passed">{t('holds', { n: result.entries })}</Status>
              <p className="muted">{t('compare')}</p>
              <CodeBlock text={`playfleet audit verify --head ${result.head}`} label={t('copyHead')} />
            </>
          )}
        </div>
        <Button busy={checked !== null} onClick={() => void verify()}>
          {t('verify')}
        </Button>
      </div>
    </Card>
  );
}
