import { useState, type SubmitEvent } from 'react';
import type { Worker, WorkerPatch } from '../../shared/protocol/rest/workers.ts';
import { useMay } from '../fleet/me.ts';
import { approveWorker, changeWorker, eachOf, removeWorker, type Outcome } from '../fleet/worker-changes.ts';
import { Button } from '../ui/button.tsx';
import { Confirm, Dialog } from '../ui/dialog.tsx';
import { Field, Form, Input } from '../ui/field.tsx';
import { useMessages } from '../ui/i18n.ts';
import { Sign, type Tone } from '../ui/status.tsx';
import { toastDone, toastError } from '../ui/toast.tsx';
import { bulkResult, changeFor, type BulkAction, type BulkResult } from './bulk.ts';
import { badTag, tagsIn } from './join-lines.ts';
import { messages } from './messages.ts';
import styles from './workers.module.css';

/** Those that say why, and those that do not need to. */
const INTENTS = ['resume', 'pause', 'drain', 'maintenance'] as const;

/** What may be done to all that are selected. */
export function BulkBar({ workers, onClear }: { workers: readonly Worker[]; onClear: () => void }) {
  const t = useMessages(messages);
  const mayApprove = useMay('admin');
  const [asking, setAsking] = useState<'addTags' | 'removeTags' | 'remove' | null>(null);
  const [busy, setBusy] = useState(false);
  const [result, setResult] = useState<BulkResult | null>(null);

  const carryOut = async (
    action: BulkAction,
    changes: ReadonlyMap<string, WorkerPatch>,
    act: (id: string) => Promise<unknown>,
    ids: readonly string[],
  ) => {
    setBusy(true);
    setAsking(null);
    try {
      tell(bulkResult(action, workers, await eachOf(ids, act), changes));
    } catch (error) {
      toastError(error);
    } finally {
      setBusy(false);
    }
  };
  const tell = (after: BulkResult) => {
    if (after.refused > 0) setResult(after);
    else if (after.unchanged > 0) toastDone(t('bulkDoneMore', after), undoOf(after));
    else toastDone(t('bulkDone', { n: after.done }), undoOf(after));
  };
  const undoOf = ({ undo }: BulkResult) =>
    undo.size === 0
      ? undefined
      : () => void eachOf([...undo.keys()], (id) => changeWorker(id, undo.get(id)!)).then(tellUndone, toastError);
  const tellUndone = (outcomes: readonly Outcome[]) => {
    for (const { result, detail } of outcomes) if (result === 'refused') toastError(new Error(detail ?? ''));
  };
  const change = (action: Exclude<BulkAction, 'approve' | 'remove'>, tags: readonly string[] = []) => {
    const changes = new Map<string, WorkerPatch>();
    for (const worker of workers) {
      const one = changeFor(worker, action, { tags });
      if (one) changes.set(worker.id, one);
    }
    return carryOut(action, changes, (id) => changeWorker(id, changes.get(id)!), [...changes.keys()]);
  };
  const approve = () => {
    const waiting = workers.filter(({ approved }) => !approved).map(({ id }) => id);
    return carryOut('approve', new Map(), approveWorker, waiting);
  };
  const remove = () =>
    carryOut(
      'remove',
      new Map(),
      removeWorker,
      workers.map(({ id }) => id),
    ).then(onClear);

  return (
    <>
      {workers.length > 0 && (
        <div className={styles.bulk} role="toolbar" aria-label={t('selection')}>
          <span>{t('selected', { n: workers.length })}</span>
          {INTENTS.map((action) => (
            <Button key={action} disabled={busy} onClick={() => void change(action)}>
              {t(action)}
            </Button>
          ))}
          <Button disabled={busy} onClick={() => setAsking('addTags')}>
            {t('addTags')}
          </Button>
          <Button disabled={busy} onClick={() => setAsking('removeTags')}>
            {t('removeTags')}
          </Button>
          {mayApprove && workers.some(({ approved }) => !approved) && (
            <Button disabled={busy} onClick={() => void approve()}>
              {t('approve')}
            </Button>
          )}
          <Button look="danger" disabled={busy} onClick={() => setAsking('remove')}>
            {t('remove')}
          </Button>
          <Button look="quiet" onClick={onClear}>
            {t('clearSelection')}
          </Button>
        </div>
      )}
      {(asking === 'addTags' || asking === 'removeTags') && (
        <TagsDialog
          title={t(asking)}
          known={workers.flatMap(({ tags }) => tags)}
          onClose={() => setAsking(null)}
          onTags={(tags) => void change(asking, tags)}
        />
      )}
      <Confirm
        open={asking === 'remove'}
        onOpenChange={(open) => !open && setAsking(null)}
        title={t('removeTitle', { n: workers.length })}
        action={t('remove')}
        danger
        onConfirm={() => void remove()}
      >
        <p>{t('removeWhy')}</p>
        <p>{workers.map(({ hostname }) => hostname).join(', ')}</p>
      </Confirm>
      {result && <Results result={result} onClose={() => setResult(null)} />}
    </>
  );
}

interface TagsDialogProps {
  title: string;
  known: readonly string[];
  onClose: () => void;
  onTags: (tags: readonly string[]) => void;
}

function TagsDialog({ title, known, onClose, onTags }: TagsDialogProps) {
  const t = useMessages(messages);
  const [text, setText] = useState('');
  const tags = tagsIn(text);
  const wrong = badTag(tags);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (wrong === null && tags.length > 0) onTags(tags);
  };
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title={title}>
      <Form onSubmit={submit}>
        <Field label={t('tagsField')} hint={t('tagsHint')} error={wrong === null ? null : t('tagsBad', { tag: wrong })}>
          <Input value={text} list="known-tags" onChange={(event) => setText(event.target.value)} />
        </Field>
        <datalist id="known-tags">
          {[...new Set(known)].map((tag) => (
            <option key={tag} value={tag} />
          ))}
        </datalist>
        <div>
          <Button look="primary" type="submit" disabled={tags.length === 0}>
            {title}
          </Button>
        </div>
      </Form>
    </Dialog>
  );
}

const TONES: Record<Outcome['result'], Tone> = { done: 'passed', unchanged: 'skipped', refused: 'failed' };

function Results({ result, onClose }: { result: BulkResult; onClose: () => void }) {
  const t = useMessages(messages);
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={t('bulkRefused')}
      description={t('bulkDoneMore', result)}
    >
      <ul className={styles.results} aria-label={t('each')}>
        {result.items.map(({ id, hostname, result, detail }) => (
          <li key={id}>
            <Sign tone={TONES[result]} /> {hostname} <span className="muted">{detail}</span>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}
