import { useState } from 'react';
import { toldCounts } from '../../shared/model/home-counts.ts';
import { demote, type Promotion } from '../fleet/offline.ts';
import { Button } from '../ui/button.tsx';
import { Confirm } from '../ui/dialog.tsx';
import { Checkbox } from '../ui/field.tsx';
import { useMessages } from '../ui/i18n.ts';
import { Facts, Section } from '../ui/page.tsx';
import { Progress } from '../ui/progress.tsx';
import { Status, type Tone } from '../ui/status.tsx';
import { DateTime, RelativeTime } from '../ui/time.tsx';
import { toastError } from '../ui/toast.tsx';
import { messages } from './offline-messages.ts';
import styles from './settings.module.css';

const TONES: Record<Promotion['homecoming']['state'], Tone> = {
  uploading: 'running',
  waiting: 'running',
  unreachable: 'flaky',
  refused: 'failed',
  verified: 'passed',
};

const LACKS = {
  mails: 'mails',
  providers: 'providers',
  secrets: 'secrets',
  backup_codes: 'backupCodes',
  earlier_runs: 'earlierRuns',
  remotes: 'remotes',
} as const;

export function PromotionState({ promotion, mayEnd }: { promotion: Promotion; mayEnd: boolean }) {
  const t = useMessages(messages);
  const { of, machine, since, copied_at, lacks } = promotion;
  return (
    <>
      <Section title={t('promotion')}>
        <Facts
          items={[
            [t('machine'), machine],
            [
              t('standsFor'),
              <a key="of" href={of.url}>
                {of.url}
              </a>,
            ],
            [t('since'), <DateTime key="since" at={since} />],
            [t('knows'), <DateTime key="copy" at={copied_at} />],
          ]}
        />
      </Section>
      <WayHome promotion={promotion} mayEnd={mayEnd} />
      <Section title={t('lacks')}>
        <ul className={styles.points}>
          {lacks.map((lack) => (
            <li key={lack}>{t(LACKS[lack])}</li>
          ))}
        </ul>
      </Section>
    </>
  );
}

function WayHome({ promotion, mayEnd }: { promotion: Promotion; mayEnd: boolean }) {
  const t = useMessages(messages);
  const [asking, setAsking] = useState(false);
  const [now, setNow] = useState(false);
  const { draining, homecoming } = promotion;
  const { state, detail, sent, total, verified_at, counts, hash, runs_to_bring: runs } = homecoming;
  const end = async () => {
    setAsking(false);
    try {
      await demote(draining || now);
    } catch (error) {
      toastError(error);
    }
  };
  const action = draining ? t('now') : t('bringHome');
  const brought = t('entries', { sent, total });
  return (
    <Section
      title={t('state')}
      actions={
        mayEnd && (
          <Button look={draining ? 'plain' : 'primary'} onClick={() => setAsking(true)}>
            {action}
          </Button>
        )
      }
    >
      {draining && <p>{t('ending')}</p>}
      <p className={styles.wraps}>
        <Status tone={TONES[state]}>{t(state)}</Status>
        {verified_at !== null && (
          <span className="muted">
            {' '}
            (<RelativeTime at={verified_at} />)
          </span>
        )}
      </p>
      {detail !== null && <p className={`${styles.words} muted`}>{detail}</p>}
      {total > 0 && (
        <Progress
          parts={[{ tone: state === 'verified' ? 'passed' : 'running', n: sent }]}
          total={total}
          label={brought}
        />
      )}
      <p className="muted">
        {total > 0 && `${brought} · `}
        {t('runsToBring', { n: runs })}
      </p>
      {counts !== null && (
        <p className={styles.words}>
          {t('same')} <Counts counts={counts} />. {t('fingerprint')} <code>{hash?.slice(0, 16)}…</code>
        </p>
      )}
      <Confirm open={asking} onOpenChange={setAsking} title={action} action={action} onConfirm={() => void end()}>
        <p>{t(draining ? 'nowWhy' : 'bringHomeWhy')}</p>
        {!draining && <Checkbox label={t('now')} checked={now} onChange={setNow} />}
      </Confirm>
    </Section>
  );
}

/** What both sides have, as people count it. */
function Counts({ counts }: { counts: Record<string, number> }) {
  const t = useMessages(messages);
  const { told, entries } = toldCounts(counts);
  return [...told.map(({ kind, n }) => t(`${kind}Count`, { n })), t('entryCount', { n: entries })].join(', ');
}
