import { useMemo, useState, type ReactNode } from 'react';
import type { Backup } from '../../shared/protocol/rest/backups.ts';
import { backupFile, removeBackup } from '../fleet/backups.ts';
import { bytesText } from '../parts/units.ts';
import { Button } from '../ui/button.tsx';
import { CodeBlock } from '../ui/code-block.tsx';
import { Confirm } from '../ui/dialog.tsx';
import { useLanguage, useMessages } from '../ui/i18n.ts';
import { Section } from '../ui/page.tsx';
import { EmptyState } from '../ui/states.tsx';
import { Table, type Column } from '../ui/table.tsx';
import { DateTime } from '../ui/time.tsx';
import { toastDone, toastError } from '../ui/toast.tsx';
import { messages } from './backup-messages.ts';
import styles from './settings.module.css';

/** Those that there are, newest first, and what one does with them elsewhere. */
export function BackupList({ items }: { items: readonly Backup[] }) {
  const t = useMessages(messages);
  const language = useLanguage();
  const [removing, setRemoving] = useState<Backup | null>(null);
  const [columns, compact] = useMemo((): [Column<Backup>[], (backup: Backup) => ReactNode] => {
    const download = ({ name }: Backup) => (
      <a href={backupFile(name)} download={`${name}.tar`} aria-label={t('downloadOf', { name })}>
        {t('download')}
      </a>
    );
    const remove = (backup: Backup) => (
      <Button look="quiet" onClick={() => setRemoving(backup)} aria-label={`${t('delete')}: ${backup.name}`}>
        {t('delete')}
      </Button>
    );
    const columns: Column<Backup>[] = [
      {
        id: 'taken',
        head: t('stateOf'),
        cell: ({ taken_at, name }) => (
          <>
            <DateTime at={taken_at} /> <code className={styles.fileName}>{name}</code>
          </>
        ),
      },
      { id: 'size', head: t('size'), width: '80px', align: 'end', cell: ({ bytes }) => bytesText(bytes, language) },
      {
        id: 'runs',
        head: t('runs'),
        width: '70px',
        align: 'end',
        wideOnly: true,
        cell: ({ counts }) => counts.runs.toLocaleString(language),
      },
      {
        id: 'artifacts',
        head: t('artifacts'),
        width: '90px',
        align: 'end',
        wideOnly: true,
        cell: ({ artifacts }) => (artifacts === null ? t('leftOut') : artifacts.toLocaleString(language)),
      },
      {
        id: 'encrypted',
        head: t('encrypted'),
        width: '200px',
        wideOnly: true,
        cell: ({ encrypted, has_keys }) => t(encrypted ? (has_keys ? 'sealedWithKeys' : 'yes') : 'no'),
      },
      { id: 'download', head: '', width: '100px', align: 'end', cell: download },
      { id: 'delete', head: '', width: '90px', align: 'end', cell: remove },
    ];
    return [
      columns,
      (backup) => (
        <span className={styles.compact}>
          <DateTime at={backup.taken_at} />
          <span className="muted">
            {bytesText(backup.bytes, language)}
            {backup.encrypted && ` · ${t('encrypted')}`}
          </span>
          <span>
            {download(backup)} {remove(backup)}
          </span>
        </span>
      ),
    ];
  }, [t, language]);
  const remove = async ({ name }: Backup) => {
    setRemoving(null);
    try {
      await removeBackup(name);
      toastDone(t('deleted', { name }));
    } catch (caught) {
      toastError(caught);
    }
  };
  const [newest] = items;
  if (newest === undefined) {
    return (
      <EmptyState title={t('none')} command="playfleet backup --to backup.tar">
        <p>{t('noneWhy')}</p>
      </EmptyState>
    );
  }
  return (
    <>
      <Table keys label={t('backups')} columns={columns} compact={compact} rows={items} keyOf={({ name }) => name} />
      <Section title={t('restore')}>
        <p className="muted">{t('verifyWhy')}</p>
        <CodeBlock text={`playfleet backup verify ${newest.name}.tar`} />
        <p className="muted">{t('restoreWhy')}</p>
        <CodeBlock text={`playfleet restore ${newest.name}.tar --into playfleet-data`} />
      </Section>
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
    </>
  );
}
