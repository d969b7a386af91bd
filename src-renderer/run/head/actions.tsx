/** What may be done with a run: cancel it, run it again, take it along. */
import { useNavigate } from '@tanstack/react-router';
import { runLabel } from '../../../shared/model/run-label.ts';
import { ChevronDown, Download, RotateCcw, SquareTerminal } from 'lucide-react';
import { useState } from 'react';
import { toast } from 'sonner';
import type { Run } from '../../../shared/protocol/rest/runs.ts';
import { useMay } from '../../fleet/me.ts';
import { isOver } from '../../fleet/run-row.ts';
import { cancelRun, useCancelRun, useRerun, type RerunOf } from '../../fleet/runs.ts';
import { Button } from '../../ui/button.tsx';
import { Confirm } from '../../ui/dialog.tsx';
import { useMessages } from '../../ui/i18n.ts';
import { Menu, type MenuItem } from '../../ui/menu.tsx';
import { toastDone, toastError } from '../../ui/toast.tsx';
import { commandOf } from './command.ts';
import { messages } from './messages.ts';

/** `selected`: ids of tests that were chosen in the list. */
export function Actions({ run, selected }: { run: Run; selected: readonly string[] }) {
  const mayRun = useMay('runner');
  const over = isOver(run.status);
  return (
    <>
      {mayRun && !over && <CancelButton run={run} />}
      {mayRun && over && <RerunButtons run={run} selected={selected} />}
      <DownloadMenu run={run} />
      <MoreMenu run={run} />
    </>
  );
}

function CancelButton({ run }: { run: Run }) {
  const t = useMessages(messages);
  const [asks, setAsks] = useState(false);
  const cancel = useCancelRun();
  const carryOut = () =>
    cancel.mutate(run.id, {
      onSuccess: () => toastDone(t('cancelled', { number: runLabel(run.number) })),
      onError: toastError,
      onSettled: () => setAsks(false),
    });
  return (
    <>
      <Button look="danger" onClick={() => setAsks(true)}>
        {t('cancel')}
      </Button>
      <Confirm
        open={asks}
        onOpenChange={setAsks}
        title={t('cancelTitle', { number: runLabel(run.number) })}
        action={t('cancelAction')}
        danger
        busy={cancel.isPending}
        onConfirm={carryOut}
      >
        {t('cancelWhy')}
      </Confirm>
    </>
  );
}

function RerunButtons({ run, selected }: { run: Run; selected: readonly string[] }) {
  const t = useMessages(messages);
  const navigate = useNavigate();
  const rerun = useRerun();
  const start = (what: RerunOf) =>
    rerun.mutate(
      { id: run.id, what },
      {
        onSuccess: (made) => {
          void navigate({ to: '/runs/$run', params: { run: made.test_run_id } });
          const undo = () => void cancelRun(made.test_run_id).catch(toastError);
          toastDone(t('rerunStarted', { number: runLabel(made.number) }), undo);
        },
        onError: toastError,
      },
    );
  const failed = run.tests.unexpected > 0;
  const items: MenuItem[] = [
    ...(failed ? [{ label: t('rerunFailed'), onSelect: () => start('failed') }] : []),
    { label: t('rerunAll'), onSelect: () => start('all') },
    ...(selected.length > 0
      ? [{ label: t('rerunSelected', { n: selected.length }), onSelect: () => start(selected) }]
      : []),
  ];
  return (
    <Menu
      label={t('rerun')}
      groups={[items]}
      trigger={
        <Button look="primary" busy={rerun.isPending} icon={<RotateCcw size={14} aria-hidden />}>
          {t('rerun')} <ChevronDown size={14} aria-hidden />
        </Button>
      }
    />
  );
}

function DownloadMenu({ run }: { run: Run }) {
  const t = useMessages(messages);
  const to = (below: string) => `/api/v1${below}`;
  const get = (below: string) => () => location.assign(to(below));
  const ready = run.report.state === 'ready';
  const id = encodeURIComponent(run.id);
  return (
    <Menu
      label={t('download')}
      trigger={
        <Button icon={<Download size={14} aria-hidden />} title={ready ? undefined : t('noReport')}>
          {t('download')} <ChevronDown size={14} aria-hidden />
        </Button>
      }
      groups={[
        [
          {
            label: t('html'),
            disabled: !ready,
            onSelect: () => void window.open(to(`/test-runs/${id}/report`), '_blank', 'noopener'),
          },
          { label: t('json'), disabled: !ready, onSelect: get(`/test-runs/${id}/report/json`) },
          { label: t('junit'), disabled: !ready, onSelect: get(`/test-runs/${id}/report/xml`) },
          { label: t('archive'), disabled: !ready, onSelect: get(`/results/${id}/download`) },
        ],
        [
          {
            label: t('markdown'),
            onSelect: () => void window.open(to(`/test-runs/${id}/report.md`), '_blank', 'noopener'),
          },
        ],
      ]}
    />
  );
}

function MoreMenu({ run }: { run: Run }) {
  const t = useMessages(messages);
  const navigate = useNavigate();
  const copy = async () => {
    const command = commandOf(run);
    try {
      await navigator.clipboard.writeText(command);
      toastDone(t('copied'));
    } catch {
      // Without https only some addresses have a clipboard: then it is shown, to be copied by hand.
      toast(t('copyFailed'), { description: command, duration: 60_000 });
    }
  };
  return (
    <Menu
      label={t('more')}
      groups={[
        [
          {
            label: t('compare'),
            onSelect: () => void navigate({ to: '/compare', search: { run: String(run.number) } as never }),
          },
          { label: t('command'), icon: <SquareTerminal size={14} aria-hidden />, onSelect: () => void copy() },
        ],
      ]}
    />
  );
}
