import { useMemo, useState, type ReactNode } from 'react';
import { copyStanding, permitCopy, type Copy } from '../fleet/offline.ts';
import { useWorkers } from '../fleet/workers.ts';
import { Button } from '../ui/button.tsx';
import { CodeBlock } from '../ui/code-block.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Checkbox, Field, Select } from '../ui/field.tsx';
import { useMessages } from '../ui/i18n.ts';
import { Section } from '../ui/page.tsx';
import { EmptyState } from '../ui/states.tsx';
import { Status } from '../ui/status.tsx';
import { Table, type Column } from '../ui/table.tsx';
import { RelativeTime, useNow } from '../ui/time.tsx';
import { toastDone, toastError } from '../ui/toast.tsx';
import { messages } from './offline-messages.ts';
import styles from './settings.module.css';

export function Copies({ copies, mayChange }: { copies: readonly Copy[]; mayChange: boolean }) {
  const t = useMessages(messages);
  const [adding, setAdding] = useState(false);
  const [columns, compact] = useMemo((): [Column<Copy>[], (copy: Copy) => ReactNode] => {
    const forbid = async ({ worker_id, hostname, permit }: Copy) => {
      try {
        await permitCopy(worker_id, 'no');
        const back = () => void permitCopy(worker_id, permit).catch(toastError);
        toastDone(t('forbidden', { name: hostname }), back);
      } catch (error) {
        toastError(error);
      }
    };
    const takeBack = (copy: Copy) =>
      mayChange && (
        <Button look="quiet" onClick={() => void forbid(copy)} aria-label={`${t('forbid')}: ${copy.hostname}`}>
          {t('forbid')}
        </Button>
      );
    const columns: Column<Copy>[] = [
      { id: 'name', head: t('worker'), cell: ({ hostname }) => hostname },
      {
        id: 'age',
        head: t('age'),
        width: '210px',
        cell: (copy) => <CopyAge copy={copy} />,
      },
      {
        id: 'permit',
        head: t('permit'),
        width: '160px',
        wideOnly: true,
        cell: ({ permit }) => t(permit === 'secrets' ? 'permitSecrets' : 'permitNo'),
      },
      {
        id: 'forbid',
        head: '',
        width: '110px',
        align: 'end',
        cell: takeBack,
      },
    ];
    return [
      columns,
      (copy) => (
        <span className={styles.compact}>
          <strong>{copy.hostname}</strong>
          <span>
            <span className="muted">{t('age')}</span> <CopyAge copy={copy} />
          </span>
          {takeBack(copy)}
        </span>
      ),
    ];
  }, [t, mayChange]);
  return (
    <Section title={t('copies')} actions={mayChange && <Button onClick={() => setAdding(true)}>{t('allow')}</Button>}>
      {copies.length === 0 ? (
        <EmptyState title={t('noCopies')} command="playfleet copies allow NAME">
          <p>{t('copiesWhy')}</p>
        </EmptyState>
      ) : (
        <>
          <Table
            keys
            label={t('copies')}
            columns={columns}
            compact={compact}
            rows={copies}
            keyOf={({ worker_id }) => worker_id}
          />
          <p className="muted">{t('promoteWhy')}</p>
          <CodeBlock text="playfleet promote" />
        </>
      )}
      {adding && <Allow held={copies} onClose={() => setAdding(false)} />}
    </Section>
  );
}

/** How old it is, and whether that is as it should be. */
function CopyAge({ copy }: { copy: Copy }) {
  const t = useMessages(messages);
  const standing = copyStanding(copy, useNow(60_000));
  if (copy.at === null) return <Status tone="running">{t('never')}</Status>;
  return (
    <Status tone={standing === 'fresh' ? 'passed' : 'flaky'}>
      <RelativeTime at={copy.at} />
      {standing === 'old' && <span className="muted">{t('old')}</span>}
    </Status>
  );
}

function Allow({ held, onClose }: { held: readonly Copy[]; onClose: () => void }) {
  const t = useMessages(messages);
  const { workers } = useWorkers();
  const taken = new Set(held.map(({ worker_id }) => worker_id));
  const free = workers.filter(({ id }) => !taken.has(id));
  const [chosen, setChosen] = useState<string | null>(null);
  const [secrets, setSecrets] = useState(false);
  const id = chosen ?? free[0]?.id;
  const allow = async () => {
    const one = free.find((worker) => worker.id === id);
    if (!one) return;
    try {
      await permitCopy(one.id, secrets ? 'secrets' : 'yes');
      toastDone(t('allowed', { name: one.hostname }));
      onClose();
    } catch (error) {
      toastError(error);
    }
  };
  return (
    <Dialog open onOpenChange={onClose} title={t('allow')} description={t('copiesWhy')}>
      {free.length === 0 && <p>{t('noneFree')}</p>}
      <div className={styles.stack} hidden={free.length === 0}>
        <Field label={t('worker')}>
          <Select
            value={id ?? ''}
            onChange={setChosen}
            options={free.map(({ id: value, hostname: label }) => ({ value, label }))}
          />
        </Field>
        <Checkbox label={t('withSecrets')} checked={secrets} onChange={setSecrets} />
        {secrets && <p className="muted">{t('withSecretsWhy')}</p>}
        <div>
          <Button look="primary" onClick={() => void allow()}>
            {t('allow')}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
