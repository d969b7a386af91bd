/** Another machine of the team in the coordinator's place: found, proven, and followed after one confirmation. */
import { useState, type SubmitEvent } from 'react';
import type { OfflineView, StandIn } from '../../shared/protocol/desktop/offline.ts';
import { change, DesktopError } from '../fleet/desktop.ts';
import { Button } from '../ui/button.tsx';
import { Confirm } from '../ui/dialog.tsx';
import { Field, Form, Input } from '../ui/field.tsx';
import { useMessages } from '../ui/i18n.ts';
import { Section } from '../ui/page.tsx';
import { Sign } from '../ui/status.tsx';
import { toastError } from '../ui/toast.tsx';
import { messages } from './offline-messages.ts';
import styles from './this-computer.module.css';

interface OthersProps extends Pick<OfflineView, 'follows' | 'standIns'> {
  /** Of the coordinator itself. */
  central: string;
}

export function Others({ central, follows, standIns }: OthersProps) {
  const t = useMessages(messages);
  const [looking, setLooking] = useState(false);
  const [hasLooked, setHasLooked] = useState(false);
  if (follows !== null) return <Follows central={central} follows={follows} />;
  const look = () => {
    setLooking(true);
    void change('lookForStandIns')
      .then(() => setHasLooked(true), toastError)
      .finally(() => setLooking(false));
  };
  return (
    <Section
      title={t('others')}
      actions={
        <Button busy={looking} onClick={look}>
          {t('look')}
        </Button>
      }
    >
      <p className={styles.text}>{t('othersWhy', { name: central })}</p>
      {standIns.length > 0 ? (
        <ul className={styles.list}>
          {standIns.map((one) => (
            <Offered key={one.address} one={one} central={central} />
          ))}
        </ul>
      ) : (
        hasLooked && <p className="muted">{t('nobody', { name: central })}</p>
      )}
      <ByAddress />
    </Section>
  );
}

function Follows({ central, follows }: { central: string; follows: StandIn }) {
  const t = useMessages(messages);
  const [busy, setBusy] = useState(false);
  const back = () => {
    setBusy(true);
    void change('switchHome')
      .catch(toastError)
      .finally(() => setBusy(false));
  };
  return (
    <Section title={t('others')}>
      <p className={styles.text}>
        <Sign tone="running" /> {t('follows', { name: follows.name, central })}{' '}
        <span className="muted">{follows.address}</span>
      </p>
      <div className={styles.buttons}>
        <Button busy={busy} onClick={back}>
          {t('back', { name: central })}
        </Button>
        <span className="muted">{t('backWhy')}</span>
      </div>
    </Section>
  );
}

function Offered({ one, central }: { one: StandIn; central: string }) {
  const t = useMessages(messages);
  const [asks, setAsks] = useState(false);
  const [busy, setBusy] = useState(false);
  const follow = () => {
    setBusy(true);
    void change('switchTo', { address: one.address })
      .then(() => setAsks(false), toastError)
      .finally(() => setBusy(false));
  };
  return (
    <li className={styles.row}>
      <span className={styles.grow}>
        <strong>{one.name}</strong> <span className="muted">{one.address}</span>
      </span>
      <Button onClick={() => setAsks(true)}>{t('switchTo', { name: one.name })}</Button>
      <Confirm
        open={asks}
        onOpenChange={() => setAsks(false)}
        title={t('switchTo', { name: one.name })}
        action={t('switch')}
        busy={busy}
        onConfirm={follow}
      >
        <p>{t('switchWhy', { central })}</p>
      </Confirm>
    </li>
  );
}

/** Where announcements do not get through. Typing the address of a machine is the confirmation. */
function ByAddress() {
  const t = useMessages(messages);
  const [address, setAddress] = useState('');
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const follow = (event: SubmitEvent) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    change('switchTo', { address })
      .catch((error: unknown) => setProblem(error instanceof DesktopError ? error.message : String(error)))
      .finally(() => setBusy(false));
  };
  return (
    <Form onSubmit={follow}>
      <Field label={t('address')} hint={t('addressHint')} error={problem}>
        <Input value={address} maxLength={500} required onChange={(event) => setAddress(event.target.value)} />
      </Field>
      <div>
        <Button type="submit" busy={busy} disabled={address.trim() === ''}>
          {t('switch')}
        </Button>
      </div>
    </Form>
  );
}
