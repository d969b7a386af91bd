/** New versions of the app: what there is, and when it is installed. */
import { RefreshCw } from 'lucide-react';
import { useState } from 'react';
import type { Preferences, UpdateState } from '../../shared/protocol/desktop/state.ts';
import { ask } from '../fleet/desktop.ts';
import { Button } from '../ui/button.tsx';
import { Confirm } from '../ui/dialog.tsx';
import { Field, Select, Switch } from '../ui/field.tsx';
import { useMessages } from '../ui/i18n.ts';
import { Section } from '../ui/page.tsx';
import { Status, type Tone } from '../ui/status.tsx';
import { RelativeTime } from '../ui/time.tsx';
import { toastError } from '../ui/toast.tsx';
import { messages } from './messages.ts';
import styles from './this-computer.module.css';

const TONES: Record<UpdateState['state'], Tone> = {
  unsupported: 'skipped',
  idle: 'skipped',
  checking: 'running',
  none: 'passed',
  available: 'running',
  downloading: 'running',
  waiting: 'running',
  installing: 'running',
  refused: 'failed',
  failed: 'flaky',
};

interface UpdatesProps {
  update: UpdateState;
  preferences: Preferences;
  onChange: (part: Partial<Preferences>) => void;
}

export function Updates({ update, preferences, onChange }: UpdatesProps) {
  const t = useMessages(messages);
  const [asks, setAsks] = useState(false);
  const [busy, setBusy] = useState(false);
  const once = (doing: Promise<unknown>) => {
    setBusy(true);
    void doing.catch(toastError).finally(() => setBusy(false));
  };
  const { updates } = preferences;
  const mayInstall = update.state === 'waiting' || update.state === 'available';
  return (
    <Section
      title={t('updates')}
      actions={
        update.state !== 'unsupported' && (
          <Button
            icon={<RefreshCw size={14} aria-hidden />}
            busy={busy || update.state === 'checking'}
            onClick={() => once(ask('checkForUpdate'))}
          >
            {t('check')}
          </Button>
        )
      }
    >
      <p role="status">
        <Status tone={TONES[update.state]}>
          {t(`update_${update.state}`, { version: update.version ?? '', percent: Math.round(update.percent ?? 0) })}
        </Status>{' '}
        {update.waitingFor !== null && <span>{update.waitingFor}</span>}{' '}
        {update.problem !== null && <span>{update.problem}</span>}{' '}
        {update.checkedAt !== null && (
          <span className="muted">
            {t('checked')} <RelativeTime at={update.checkedAt} />
          </span>
        )}
      </p>
      {mayInstall && (
        <div className={styles.buttons}>
          <Button look="primary" busy={busy} onClick={() => once(ask('installUpdate', { now: false }))}>
            {t('installWhenQuiet')}
          </Button>
          <Button look="quiet" onClick={() => setAsks(true)}>
            {t('installNow')}
          </Button>
        </div>
      )}
      {update.state !== 'unsupported' && (
        <div className={styles.fields}>
          <Switch
            label={t('automatic')}
            checked={updates.automatic}
            onChange={(automatic) => onChange({ updates: { ...updates, automatic } })}
          />
          <Field label={t('channel')}>
            <Select
              value={updates.channel}
              onChange={(channel) => onChange({ updates: { ...updates, channel } })}
              options={[
                { value: 'stable', label: t('stable') },
                { value: 'beta', label: t('beta') },
              ]}
            />
          </Field>
        </div>
      )}
      <Confirm
        open={asks}
        onOpenChange={setAsks}
        title={t('installNow')}
        action={t('installNow')}
        busy={busy}
        onConfirm={() => {
          setAsks(false);
          once(ask('installUpdate', { now: true }));
        }}
      >
        <p>{t('installNowWhy')}</p>
      </Confirm>
    </Section>
  );
}
