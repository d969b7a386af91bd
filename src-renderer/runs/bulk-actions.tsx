import { Ban, RotateCcw } from 'lucide-react';
import { useState } from 'react';
import type { Run } from '../../shared/protocol/rest/runs.ts';
import { inBulk, type BulkResult } from '../fleet/bulk.ts';
import { isOver } from '../fleet/run-row.ts';
import { cancelRun, readNewestRuns, rerunRun } from '../fleet/runs.ts';
import { Button } from '../ui/button.tsx';
import { Confirm } from '../ui/dialog.tsx';
import { useMessages } from '../ui/i18n.ts';
import { Toolbar } from '../ui/page.tsx';
import { toastDone, toastError } from '../ui/toast.tsx';
import { messages } from './messages.ts';

/** What may be done with the selected runs, all at once. */
export function BulkActions({ runs, onDone }: { runs: readonly Run[]; onDone: () => void }) {
  const t = useMessages(messages);
  const [asks, setAsks] = useState(false);
  const [busy, setBusy] = useState(false);
  const open = runs.filter(({ status }) => !isOver(status));
  const over = runs.filter(({ status }) => isOver(status));
  const failed = over.filter(({ tests }) => tests.failed > 0);

  const carryOut = async <R,>(chosen: readonly Run[], change: (run: Run) => Promise<R>): Promise<R[]> => {
    setBusy(true);
    const { done, errors }: BulkResult<R> = await inBulk(chosen, change);
    setBusy(false);
    const why = errors[0]?.message;
    if (why !== undefined) toastError(new Error(t('failedSome', { failed: errors.length, n: chosen.length, why })));
    onDone();
    return done;
  };
  const cancel = async () => {
    const done = await carryOut(open, ({ id }) => cancelRun(id));
    setAsks(false);
    if (done.length > 0) toastDone(t('cancelled', { n: done.length }));
  };
  const rerun = async (chosen: readonly Run[], only: 'all' | 'failed') => {
    const made = await carryOut(chosen, ({ id }) => rerunRun(id, only));
    void readNewestRuns().catch(toastError);
    const undo = () =>
      void inBulk(made, ({ test_run_id }) => cancelRun(test_run_id)).then(({ errors }) => errors.forEach(toastError));
    if (made.length > 0) toastDone(t('rerunStarted', { n: made.length }), undo);
  };

  return (
    <Toolbar>
      <span role="status">{t('selected', { n: runs.length })}</span>
      {open.length > 0 && (
        <Button look="danger" icon={<Ban size={14} aria-hidden />} busy={busy} onClick={() => setAsks(true)}>
          {t('cancel')} ({open.length})
        </Button>
      )}
      {failed.length > 0 && (
        <Button icon={<RotateCcw size={14} aria-hidden />} busy={busy} onClick={() => void rerun(failed, 'failed')}>
          {t('rerunFailed')} ({failed.length})
        </Button>
      )}
      {over.length > 0 && (
        <Button icon={<RotateCcw size={14} aria-hidden />} busy={busy} onClick={() => void rerun(over, 'all')}>
          {t('rerunAll')} ({over.length})
        </Button>
      )}
      <Button look="quiet" onClick={onDone}>
        {t('unselect')}
      </Button>
      <Confirm
        open={asks}
        onOpenChange={setAsks}
        title={t('cancelTitle', { n: open.length })}
        action={t('cancelTitle', { n: open.length }).replace('?', '')}
        danger
        busy={busy}
        onConfirm={() => void cancel()}
      >
        {t('cancelWhy')}
      </Confirm>
    </Toolbar>
  );
}
