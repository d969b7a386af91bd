import { useState } from 'react';
import { demote, type Promotion } from '../fleet/offline.ts';
import { Button } from '../ui/button.tsx';
import { Confirm } from '../ui/dialog.tsx';
import { Checkbox } from '../ui/field.tsx';
import { useMessages } from '../ui/i18n.ts';
import { Facts, Section } from '../ui/page.tsx';
import { Progress } from '../ui/progress.tsx';
import { Status, type Tone } from '../ui/status.tsx';
import { DateTime } from '../ui/time.tsx';
import { toastError } from '../ui/toast.tsx';
import { messages } from './offline-messages.ts';

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
  const [asking, setAsking] = useState(false);
  const [now, setNow] = useState(false);
  const { of, machine, since, copied_at, draining, homecoming, lacks } = promotion;
  const { state, detail, sent, total, verified_at, counts, hash, runs_to_bring: runs } = homecoming;
  const end = async () => {
    setAsking(false);
    try {
      await demote(now);
    } catch (error) {
      toastError(error);
    }
  };
  return (
    <>
      <Section
        title={t('promotion')}
        actions={
          mayEnd &&
          !draining && (
            <Button look="primary" onClick={() => setAsking(true)}>
              {t('bringHome')}
            </Button>
          )
        }
      >
        <Facts
          items={[
            [t('machine'), machine],
            [t('standsFor'), of.url],
            [t('since'), <DateTime key="since" at={since} />],
            [t('age'), <DateTime key="copy" at={copied_at} />],
            [
              t('state'),
              <Status key="state" tone={TONES[state]}>
                {t(state)}
              </Status>,
            ],
            ['', detail ?? t('runsToBring', { n: runs })],
            ...(verified_at !== null && counts !== null
              ? [[t('counts'), `${textOf(counts)} · ${hash?.slice(0, 16) ?? ''}…`] as const]
              : []),
          ]}
        />
        <Progress
          parts={[{ tone: state === 'verified' ? 'passed' : 'running', n: sent }]}
          total={total}
          label={t('entries', { sent, total })}
        />
      </Section>
      <Section title={t('lacks')}>
        <ul>
          {lacks.map((lack) => (
            <li key={lack}>{t(LACKS[lack])}</li>
          ))}
        </ul>
      </Section>
      <Confirm
        open={asking}
        onOpenChange={setAsking}
        title={t('bringHome')}
        action={t('bringHome')}
        onConfirm={() => void end()}
      >
        <p>{t('bringHomeWhy')}</p>
        <Checkbox label={t('now')} checked={now} onChange={setNow} />
      </Confirm>
    </>
  );
}

const textOf = (counts: Record<string, number>): string =>
  Object.entries(counts)
    .map(([kind, n]) => `${n} ${kind}`)
    .join(', ');
