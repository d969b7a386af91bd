/** Whether values of secrets may lie in this computer's copy: its owner's word, given after an explanation and taken back at once. */
import { useState } from 'react';
import type { OfflineView } from '../../shared/protocol/desktop/offline.ts';
import { change } from '../fleet/desktop.ts';
import { Confirm } from '../ui/dialog.tsx';
import { Switch } from '../ui/field.tsx';
import { useMessages } from '../ui/i18n.ts';
import { toastError } from '../ui/toast.tsx';
import { messages } from './offline-messages.ts';
import styles from './this-computer.module.css';

interface CopySecretsProps extends Pick<OfflineView, 'copy' | 'copySecrets'> {
  /** Of the coordinator. */
  name: string;
}

export function CopySecrets({ name, copy, copySecrets }: CopySecretsProps) {
  const t = useMessages(messages);
  const [asks, setAsks] = useState(false);
  const [busy, setBusy] = useState(false);
  const set = (on: boolean) => {
    setBusy(true);
    void change('setCopySecrets', { on })
      .then(() => setAsks(false), toastError)
      .finally(() => setBusy(false));
  };
  const isThere = copy?.secrets === true;
  return (
    <div>
      <Switch
        label={t('copySecrets')}
        checked={copySecrets}
        disabled={busy}
        onChange={(on) => (on ? setAsks(true) : set(false))}
      />
      {copySecrets !== isThere && <p className="muted">{t(copySecrets ? 'copySecretsCome' : 'copySecretsLeave')}</p>}
      <Confirm
        open={asks}
        onOpenChange={() => setAsks(false)}
        title={t('copySecretsAsk')}
        action={t('copySecretsYes')}
        busy={busy}
        onConfirm={() => set(true)}
      >
        <div className={styles.stack}>
          <p>{t('copySecretsWhy', { name })}</p>
          <p>{t('copySecretsRisk')}</p>
          <p>{t('copySecretsAdmin')}</p>
        </div>
      </Confirm>
    </div>
  );
}
