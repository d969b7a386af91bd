/** For whom this computer works: the coordinators that it remembers, one of them active. */
import { Plus } from 'lucide-react';
import { useCallback, useEffect, useState } from 'react';
import type { DesktopState, RememberedCoordinator } from '../../shared/protocol/desktop/state.ts';
import type { FoundCoordinator, JoinWay } from '../../shared/protocol/desktop/wizard.ts';
import { ask, change, DesktopError } from '../fleet/desktop.ts';
import { JoinForm } from '../parts/join-form.tsx';
import { Button } from '../ui/button.tsx';
import { Confirm, Dialog } from '../ui/dialog.tsx';
import { useMessages } from '../ui/i18n.ts';
import { Section } from '../ui/page.tsx';
import { Badge, Status } from '../ui/status.tsx';
import { toastDone, toastError } from '../ui/toast.tsx';
import { messages } from './messages.ts';
import styles from './this-computer.module.css';

export function Coordinators({ state }: { state: DesktopState }) {
  const t = useMessages(messages);
  const [adding, setAdding] = useState(false);
  return (
    <div className={styles.stack}>
      <Section
        title={t('remembered')}
        actions={
          <Button icon={<Plus size={14} aria-hidden />} onClick={() => setAdding(true)}>
            {t('addCoordinator')}
          </Button>
        }
      >
        <p className="muted">{t('rememberedWhy')}</p>
        <ul className={styles.list}>
          {state.coordinators.map((one) => (
            <Remembered key={one.id} one={one} />
          ))}
        </ul>
      </Section>
      {adding && <Adding onClose={() => setAdding(false)} />}
    </div>
  );
}

function Remembered({ one }: { one: RememberedCoordinator }) {
  const t = useMessages(messages);
  const [asks, setAsks] = useState<'use' | 'forget' | null>(null);
  const [busy, setBusy] = useState(false);
  const carryOut = (doing: Promise<void>) => {
    setBusy(true);
    void doing.then(() => setAsks(null), toastError).finally(() => setBusy(false));
  };
  return (
    <li className={styles.row}>
      <span className={styles.grow}>
        <strong>{one.name}</strong> <span className="muted">{one.url ?? t('notRunning')}</span>{' '}
        {one.own && <Badge>{t('own')}</Badge>} {one.pinned && <Badge>{t('pinned')}</Badge>}
      </span>
      {one.active ? (
        <Status tone="passed">{t('active')}</Status>
      ) : (
        <>
          <Button aria-label={t('useNamed', { name: one.name })} onClick={() => setAsks('use')}>
            {t('use')}
          </Button>
          {!one.own && (
            <Button look="quiet" aria-label={t('forgetOf', { name: one.name })} onClick={() => setAsks('forget')}>
              {t('forget')}
            </Button>
          )}
        </>
      )}
      <Confirm
        open={asks === 'use'}
        onOpenChange={() => setAsks(null)}
        title={t('useOf', { name: one.name })}
        action={t('use')}
        busy={busy}
        onConfirm={() => carryOut(change('chooseCoordinator', { id: one.id }))}
      >
        <p>{t('useWhy')}</p>
      </Confirm>
      <Confirm
        open={asks === 'forget'}
        onOpenChange={() => setAsks(null)}
        title={t('forgetOf', { name: one.name })}
        action={t('forget')}
        danger
        busy={busy}
        onConfirm={() => carryOut(change('forgetCoordinator', { id: one.id }))}
      >
        <p>{t('forgetWhy')}</p>
      </Confirm>
    </li>
  );
}

function Adding({ onClose }: { onClose: () => void }) {
  const t = useMessages(messages);
  const [found, setFound] = useState<readonly FoundCoordinator[]>([]);
  const [searching, setSearching] = useState(true);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<{ message: string; field: string | null } | null>(null);
  const failed = useCallback(
    (error: unknown) => setProblem(error instanceof DesktopError ? error : { message: String(error), field: null }),
    [],
  );
  const look = useCallback(() => {
    ask('discover')
      .then(setFound, failed)
      .finally(() => setSearching(false));
  }, [failed]);
  useEffect(look, [look]);
  const join = (way: JoinWay) => {
    setBusy(true);
    setProblem(null);
    change('addCoordinator', way)
      .then(() => {
        toastDone(t('added'));
        onClose();
      }, failed)
      .finally(() => setBusy(false));
  };
  return (
    <Dialog open wide onOpenChange={(open) => !open && onClose()} title={t('addCoordinator')} description={t('addWhy')}>
      <JoinForm
        found={found}
        searching={searching}
        busy={busy}
        problem={problem}
        onSearch={() => {
          setSearching(true);
          look();
        }}
        onJoin={join}
      />
    </Dialog>
  );
}
