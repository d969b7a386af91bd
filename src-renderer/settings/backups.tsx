import { useMemo, useState } from 'react';
import type { Backup, BackupAttempt } from '../../shared/protocol/rest/backups.ts';
import { backupFile, removeBackup, takeBackup, useBackups } from '../fleet/backups.ts';
import { bytesText } from '../parts/units.ts';
import { Button } from '../ui/button.tsx';
import { CodeBlock } from '../ui/code-block.tsx';
import { Confirm } from '../ui/dialog.tsx';
import { useLanguage, useMessages } from '../ui/i18n.ts';
import { Section, Toolbar } from '../ui/page.tsx';
import { EmptyState, ErrorState, Skeleton } from '../ui/states.tsx';
import { Status, type Tone } from '../ui/status.tsx';
import { Table, type Column } from '../ui/table.tsx';
import { DateTime, RelativeTime } from '../ui/time.tsx';
import { toastDone, toastError } from '../ui/toast.tsx';
import { messages } from './backup-messages.ts';
import styles from './settings.module.css';

const TONES: Record<BackupAttempt['state'], Tone> = { running: 'running', done: 'passed', failed: 'failed' };

/** For admins: backups that there are, how the last ones went, and taking, fetching and deleting them. */
export function Backups() {
  const t = useMessages(messages);
  const language = useLanguage();
  const { data, error, refetch } = useBackups();
  const [removing, setRemoving] = useState<Backup | null>(null);
  const columns = useMemo(
    (): Column<Backup>[] => [
      { id: 'taken', head: t('stateOf'), cell: ({ taken_at }) => <DateTime at={taken_at} /> },
      { id: 'size', head: t('size'), width: '90px', align: 'end', cell: ({ bytes }) => bytesText(bytes, language) },
      {
        id: 'artifacts',
        head: t('artifacts'),
        width: '100px',
        align: 'end',
        wideOnly: true,
        cell: ({ artifacts }) => (artifacts === null ? t('leftOut') : artifacts.toLocaleString(language)),
      },
      {
        id: 'encrypted',
        head: t('encrypted'),
        width: '120px',
        wideOnly: true,
        cell: ({ encrypted }) => t(encrypted ? 'yes' : 'no'),
      },
      {
        id: 'keys',
        head: t('keys'),
        width: '90px',
        wideOnly: true,
        cell: ({ has_keys }) => t(has_keys ? 'yes' : 'no'),
      },
      {
        id: 'download',
        head: '',
        width: '120px',
        align: 'end',
        cell: ({ name }) => (
          <a href={backupFile(name)} download={`${name}.tar`} aria-label={t('downloadOf', { name })}>
            {t('download')}
          </a>
        ),
      },
      {
        id: 'delete',
        head: '',
        width: '90px',
        align: 'end',
        cell: (backup) => (
          <Button look="quiet" onClick={() => setRemoving(backup)} aria-label={`${t('delete')}: ${backup.name}`}>
            {t('delete')}
          </Button>
        ),
      },
    ],
    [t, language],
  );
  const attemptColumns = useMemo(
    (): Column<BackupAttempt>[] => [
      { id: 'started', head: t('started'), width: '150px', cell: ({ started_at }) => <DateTime at={started_at} /> },
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
  const take = async () => {
    try {
      await takeBackup();
      toastDone(t('begun'));
    } catch (caught) {
      toastError(caught);
    }
  };
  const remove = async ({ name }: Backup) => {
    setRemoving(null);
    try {
      await removeBackup(name);
      toastDone(t('deleted', { name }));
    } catch (caught) {
      toastError(caught);
    }
  };
  if (error) return <ErrorState error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton rows={6} />;
  const { items, attempts, folder, warnings, next_at: next, last_good_at: lastGood } = data;
  return (
    <div className={styles.stack}>
      <Toolbar>
        <Button look="primary" busy={attempts.some(({ state }) => state === 'running')} onClick={() => void take()}>
          {t('take')}
        </Button>
      </Toolbar>
      {warnings.map((warning) => (
        <p key={warning} role="alert">
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
      {items.length === 0 ? (
        <EmptyState title={t('none')} command="playfleet backup --to backup.tar">
          <p>{t('noneWhy')}</p>
        </EmptyState>
      ) : (
        <>
          <Table label={t('backups')} columns={columns} rows={items} keyOf={({ name }) => name} />
          <p className="muted">{t('restoreWhy')}</p>
          <CodeBlock text={`playfleet restore ${items[0]!.name}.tar --into playfleet-data`} />
        </>
      )}
      {attempts.length > 0 && (
        <Section title={t('attempts')}>
          <Table label={t('attempts')} columns={attemptColumns} rows={attempts} keyOf={({ id }) => id} />
        </Section>
      )}
      <Confirm
        open={removing !== null}
        onOpenChange={() => setRemoving(null)}
        title={t('deleteTitle', { name: removing?.name ?? '' })}
        action={t('delete')}
        danger
        onConfirm={() => void (removing && remove(removing))}
      >
        <p>{t('deleteWhy')}</p>
      </Confirm>
    </div>
  );
}
