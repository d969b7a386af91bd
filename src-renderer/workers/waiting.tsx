import type { Worker } from '../../shared/protocol/rest/workers.ts';
import { useMayIn } from '../fleet/access.ts';
import { approveWorker } from '../fleet/worker-changes.ts';
import { Button } from '../ui/button.tsx';
import { useMessages } from '../ui/i18n.ts';
import { Link } from '../ui/link.tsx';
import { Card } from '../ui/page.tsx';
import { RelativeTime } from '../ui/time.tsx';
import { toastDone, toastError } from '../ui/toast.tsx';
import { messages } from './messages.ts';
import styles from './workers.module.css';

/** Machines that have joined and that nobody has let have work yet. */
export function Waiting({ workers }: { workers: readonly Worker[] }) {
  const t = useMessages(messages);
  const may = useMayIn();
  const waiting = workers.filter(({ approved }) => !approved);
  if (waiting.length === 0) return null;
  const approve = ({ id, hostname }: Worker) =>
    approveWorker(id).then(() => toastDone(t('approvedOne', { name: hostname })), toastError);
  return (
    <Card title={t('waiting', { n: waiting.length })}>
      <p className="muted">{t('waitingWhy')}</p>
      <ul className={styles.waiting}>
        {waiting.map((worker) => (
          <li key={worker.id}>
            <Link to="/workers/$worker" params={{ worker: worker.id }}>
              {worker.hostname}
            </Link>
            <span className="muted">
              {worker.ip_address} · <RelativeTime at={worker.created_at} />
            </span>
            {may(worker, 'admin') && <Button onClick={() => void approve(worker)}>{t('approve')}</Button>}
          </li>
        ))}
      </ul>
    </Card>
  );
}
