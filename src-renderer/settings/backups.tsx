import { useMemo } from 'react';
import type { BackupAttempt, BackupsAnswer } from '../../shared/protocol/rest/backups.ts';
import { takeBackup, useBackups } from '../fleet/backups.ts';
import { useSettings } from '../fleet/settings.ts';
import { bytesText } from '../parts/units.ts';
import { Button } from '../ui/button.tsx';
import { useLanguage, useMessages } from '../ui/i18n.ts';
import { Section } from '../ui/page.tsx';
import { ErrorState, Skeleton } from '../ui/states.tsx';
import { Status, type Tone } from '../ui/status.tsx';
import { Table, type Column } from '../ui/table.tsx';
import { DateTime, RelativeTime } from '../ui/time.tsx';
import { toastDone, toastError } from '../ui/toast.tsx';
import { BackupList } from './backup-list.tsx';
import { messages } from './backup-messages.ts';
import { groupOf } from './groups.ts';
import { SettingRow } from './setting-row.tsx';
import styles from './settings.module.css';

/** For admins: backups that there are, when the next one comes, how the last ones went, and taking, fetching and deleting them. */
export function Backups() {
  const t = useMessages(messages);
  const { data, error, refetch } = useBackups();
  const take = async () => {
    try {
      await takeBackup();
      toastDone(t('begun'));
    } catch (caught) {
      toastError(caught);
    }
  };
  if (error) return <ErrorState error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton rows={6} />;
  const { items, attempts } = data;
  const busy = attempts.some(({ state }) => state === 'running');
  return (
    <div className={styles.stack}>
      <Section
        title={t('backups')}
        actions={
          <Button look="primary" busy={busy} onClick={() => void take()}>
            {t('take')}
          </Button>
        }
      >
        <Standing answer={data} />
        <BackupList items={items} />
      </Section>
      {attempts.length > 0 && <Attempts attempts={attempts} />}
      <Schedule />
    </div>
  );
}

/** Whether all is well, and what comes next. */
function Standing({ answer }: { answer: BackupsAnswer }) {
  const t = useMessages(messages);
  const { folder, warnings, next_at: next, last_good_at: lastGood } = answer;
  return (
    <>
      {warnings.map((warning) => (
        <p key={warning} role="alert" className={styles.wraps}>
          <Status tone="flaky">{warning}</Status>
        </p>
      ))}
      <p className="muted">
        {lastGood !== null && (
          <>
            {t('lastGood')} <RelativeTime at={lastGood} />.{' '}
          </>
        )}
        {next === null ? (
          t('noSchedule')
        ) : (
          <>
            {t('next')} <DateTime at={next} />.
          </>
        )}{' '}
        {folder === null ? t('whereUsual') : t('where', { folder })}
      </p>
    </>
  );
}

const TONES: Record<BackupAttempt['state'], Tone> = { running: 'running', done: 'passed', failed: 'failed' };

function Attempts({ attempts }: { attempts: readonly BackupAttempt[] }) {
  const t = useMessages(messages);
  const language = useLanguage();
  const columns = useMemo(
    (): Column<BackupAttempt>[] => [
      { id: 'started', head: t('started'), width: '140px', cell: ({ started_at }) => <DateTime at={started_at} /> },
      {
        id: 'state',
        head: t('state'),
        width: '120px',
        cell: ({ state }) => <Status tone={TONES[state]}>{t(state)}</Status>,
      },
      { id: 'by', head: t('by'), width: '120px', wideOnly: true, cell: ({ by }) => by },
      {
        id: 'written',
        head: t('written'),
        width: '90px',
        align: 'end',
        wideOnly: true,
        cell: ({ written_bytes: bytes }) => (bytes === null ? '' : bytesText(bytes, language)),
      },
      { id: 'detail', head: t('detail'), cell: ({ detail }) => detail && <span title={detail}>{detail}</span> },
    ],
    [t, language],
  );
  return (
    <Section title={t('attempts')}>
      <Table label={t('attempts')} columns={columns} rows={attempts} keyOf={({ id }) => id} />
    </Section>
  );
}

/** When they are taken, what is kept and where: settings, as they stand among all the others too. */
function Schedule() {
  const t = useMessages(messages);
  const { data, error, refetch } = useSettings();
  if (error) return <ErrorState error={error} onRetry={() => void refetch()} />;
  return (
    <Section title={t('schedule')}>
      {data ? (
        <ul className={styles.settings}>
          {data
            .filter(({ key }) => groupOf(key) === 'backups')
            .map((setting) => (
              <SettingRow key={setting.key} setting={setting} mayChange />
            ))}
        </ul>
      ) : (
        <Skeleton rows={6} />
      )}
    </Section>
  );
}
