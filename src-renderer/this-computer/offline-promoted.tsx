/** This computer in its coordinator's place: who it is for, how teammates reach it, and how far it is on the way home. */
import { House } from 'lucide-react';
import { useState } from 'react';
import type { OwnPromotion } from '../../shared/protocol/desktop/offline.ts';
import type { Homecoming } from '../../shared/protocol/offline/promotion.ts';
import { change } from '../fleet/desktop.ts';
import { createJoinCode, type MadeCode } from '../fleet/join-codes.ts';
import { Button } from '../ui/button.tsx';
import { CodeBlock } from '../ui/code-block.tsx';
import { Confirm } from '../ui/dialog.tsx';
import { Checkbox } from '../ui/field.tsx';
import { useMessages } from '../ui/i18n.ts';
import { Link } from '../ui/link.tsx';
import { Facts, Section } from '../ui/page.tsx';
import { Progress } from '../ui/progress.tsx';
import { Sign, type Tone } from '../ui/status.tsx';
import { DateTime, RelativeTime } from '../ui/time.tsx';
import { toastError } from '../ui/toast.tsx';
import { Lacks } from './offline-lacks.tsx';
import { messages } from './offline-messages.ts';
import styles from './this-computer.module.css';

const TONES: Record<Homecoming['state'], Tone> = {
  uploading: 'running',
  waiting: 'running',
  unreachable: 'flaky',
  refused: 'failed',
  verified: 'passed',
};

export function Promoted({ promotion }: { promotion: OwnPromotion }) {
  const t = useMessages(messages);
  const { name, ending, shown, about } = promotion;
  const [address] = shown?.addresses ?? [];
  return (
    <>
      <Section title={t('standsIn', { name })} actions={!ending && <BringHome name={name} />}>
        {about !== null && (
          <Facts
            items={[
              [t('since'), <DateTime key="since" at={about.since} />],
              [t('age'), <RelativeTime key="age" at={about.copiedAt} />],
            ]}
          />
        )}
        {about !== null && <WayHome name={name} homecoming={about.homecoming} />}
        {shown !== null && (
          <div>
            <Link to="/">{t('dashboard')}</Link>
          </div>
        )}
      </Section>
      {shown !== null && !ending && (
        <Section title={t('addresses')}>
          <CodeBlock text={shown.addresses.join('\n') || shown.url} />
          <p className="muted">{t('switchLine')}:</p>
          <CodeBlock text={`playfleet switch ${address ?? shown.url}`} />
          <JoinCode />
        </Section>
      )}
      {shown !== null && <Lacks lacks={shown.lacks} />}
    </>
  );
}

function WayHome({ name, homecoming }: { name: string; homecoming: Homecoming }) {
  const t = useMessages(messages);
  const { state, detail, runs_to_bring: runs, sent, total } = homecoming;
  return (
    <div className={styles.wayHome}>
      <p>
        <Sign tone={TONES[state]} /> {t(`home_${state}`, { name })}{' '}
        <span className="muted">
          {state === 'verified' ? detail : [t('runsToBring', { n: runs }), detail].filter(Boolean).join('. ')}
        </span>
      </p>
      {total > 0 && (
        <Progress
          parts={[{ tone: state === 'verified' ? 'passed' : 'running', n: sent }]}
          total={total}
          label={t('progress', { sent, total })}
        />
      )}
    </div>
  );
}

function BringHome({ name }: { name: string }) {
  const t = useMessages(messages);
  const [asks, setAsks] = useState(false);
  const [busy, setBusy] = useState(false);
  const [now, setNow] = useState(false);
  const demote = () => {
    setBusy(true);
    void change('demote', { now })
      .then(() => setAsks(false), toastError)
      .finally(() => setBusy(false));
  };
  return (
    <>
      <Button look="primary" icon={<House size={14} aria-hidden />} onClick={() => setAsks(true)}>
        {t('bringHome')}
      </Button>
      <Confirm
        open={asks}
        onOpenChange={() => setAsks(false)}
        title={t('bringHome')}
        action={t('bringHome')}
        busy={busy}
        onConfirm={demote}
      >
        <div className={styles.stack}>
          <p>{t('bringHomeWhy', { name })}</p>
          <Checkbox label={t('cancelRest')} checked={now} onChange={setNow} />
        </div>
      </Confirm>
    </>
  );
}

/** Six words, of the promoted coordinator: the page's requests go there. */
function JoinCode() {
  const t = useMessages(messages);
  const [made, setMade] = useState<MadeCode | null>(null);
  const make = () => void createJoinCode({ name: 'promotion' }).then(setMade, toastError);
  if (made === null) {
    return (
      <div>
        <Button onClick={make}>{t('code')}</Button>
      </div>
    );
  }
  return (
    <div>
      <p className="muted">
        {t('code')}. {t('codeUntil')} <DateTime at={made.expires_at} />:
      </p>
      <CodeBlock text={made.code} label={t('code')} />
    </div>
  );
}
