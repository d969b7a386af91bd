import { useNavigate } from '@tanstack/react-router';
import { useState, type SubmitEvent } from 'react';
import type { Worker, WorkerIntent } from '../../shared/protocol/rest/workers.ts';
import { useMayIn } from '../fleet/access.ts';
import { changeWorker, removeWorker, rotateWorkerKey, wayBack } from '../fleet/worker-changes.ts';
import { Button } from '../ui/button.tsx';
import { CodeBlock } from '../ui/code-block.tsx';
import { Confirm, Dialog } from '../ui/dialog.tsx';
import { Field, Form, Input } from '../ui/field.tsx';
import { useMessages } from '../ui/i18n.ts';
import { Menu } from '../ui/menu.tsx';
import { toastDone, toastError } from '../ui/toast.tsx';
import { messages } from './messages.ts';

type Asking = 'maintenance' | 'remove' | 'rotate' | null;

/** What may be done with the worker as a whole. */
export function Actions({ worker }: { worker: Worker }) {
  const t = useMessages(messages);
  const may = useMayIn();
  const navigate = useNavigate();
  const [asking, setAsking] = useState<Asking>(null);
  const [newKey, setNewKey] = useState<string | null>(null);
  if (!may(worker, 'maintainer')) return null;
  const { hostname: name, intent } = worker;
  const close = () => setAsking(null);
  const want = async (wanted: WorkerIntent, reason = '') => {
    close();
    const change = { intent: wanted, ...(reason === '' ? {} : { reason }) };
    const back = wayBack(worker, change);
    try {
      await changeWorker(worker.id, change);
      toastDone(t('changed', { name }), () => void changeWorker(worker.id, back).catch(toastError));
    } catch (error) {
      toastError(error);
    }
  };
  const remove = async () => {
    close();
    try {
      await removeWorker(worker.id);
      toastDone(t('removed', { name }));
      await navigate({ to: '/workers' });
    } catch (error) {
      toastError(error);
    }
  };
  const rotate = async () => {
    close();
    try {
      setNewKey((await rotateWorkerKey(worker.id)).api_key);
    } catch (error) {
      toastError(error);
    }
  };
  return (
    <>
      {intent === 'active' ? (
        <Button onClick={() => void want('paused')}>{t('pause')}</Button>
      ) : (
        <Button look="primary" onClick={() => void want('active')}>
          {t('resume')}
        </Button>
      )}
      {intent !== 'draining' && <Button onClick={() => void want('draining')}>{t('drain')}</Button>}
      <Menu
        groups={[
          intent === 'maintenance' ? [] : [{ label: t('maintenance'), onSelect: () => setAsking('maintenance') }],
          [
            { label: t('keyRotate'), onSelect: () => setAsking('rotate') },
            { label: t('remove'), danger: true, onSelect: () => setAsking('remove') },
          ],
        ]}
      />
      {asking === 'maintenance' && (
        <AskReason onClose={close} onReason={(reason) => void want('maintenance', reason)} />
      )}
      <Confirm
        open={asking === 'remove'}
        onOpenChange={close}
        title={t('removeTitle', { name })}
        action={t('remove')}
        danger
        onConfirm={() => void remove()}
      >
        <p>{t('removeWhy')}</p>
        <p>{t('joinAgain')}</p>
      </Confirm>
      <Confirm
        open={asking === 'rotate'}
        onOpenChange={close}
        title={t('keyRotateTitle', { name })}
        action={t('keyRotate')}
        danger
        onConfirm={() => void rotate()}
      >
        <p>{t('keyRotateWhy')}</p>
      </Confirm>
      <Dialog
        open={newKey !== null}
        onOpenChange={() => setNewKey(null)}
        title={t('keyNewTitle', { name })}
        description={t('keyNewWhy')}
      >
        {newKey !== null && <CodeBlock text={newKey} />}
      </Dialog>
    </>
  );
}

function AskReason({ onClose, onReason }: { onClose: () => void; onReason: (reason: string) => void }) {
  const t = useMessages(messages);
  const [reason, setReason] = useState('');
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    onReason(reason.trim());
  };
  return (
    <Dialog open onOpenChange={onClose} title={t('maintenance')}>
      <Form onSubmit={submit}>
        <Field label={t('reason')}>
          <Input value={reason} maxLength={500} onChange={(event) => setReason(event.target.value)} />
        </Field>
        <div>
          <Button look="primary" type="submit">
            {t('maintenance')}
          </Button>
        </div>
      </Form>
    </Dialog>
  );
}
