import { useParams } from '@tanstack/react-router';
import type { Worker } from '../../shared/protocol/rest/workers.ts';
import { useMayIn } from '../fleet/access.ts';
import { ApiError } from '../fleet/api-error.ts';
import { approveWorker } from '../fleet/worker-changes.ts';
import { useWorker } from '../fleet/workers.ts';
import { WorkerState } from '../parts/worker-state.tsx';
import { Button } from '../ui/button.tsx';
import { useMessages } from '../ui/i18n.ts';
import { Link } from '../ui/link.tsx';
import { Card, Page as Frame } from '../ui/page.tsx';
import { EmptyState, ErrorState, Skeleton } from '../ui/states.tsx';
import { Tabs } from '../ui/tabs.tsx';
import { toastDone, toastError } from '../ui/toast.tsx';
import { useViewState } from '../ui/view-state.ts';
import { Actions } from './actions.tsx';
import { History } from './history.tsx';
import { Logs } from './logs.tsx';
import { messages } from './messages.ts';
import { Now } from './now.tsx';
import { Settings } from './settings.tsx';
import { Tasks } from './tasks.tsx';

const DEFAULTS = { tab: 'now', hours: '1' } as const;

export function Page() {
  const t = useMessages(messages);
  const { worker: id = '' } = useParams({ strict: false });
  const query = useWorker(id);
  const { worker, error } = query;
  const crumbs = [
    <Link key="workers" to="/workers">
      {t('workers')}
    </Link>,
  ];
  if (error instanceof ApiError && error.status === 404) {
    return (
      <Frame title={t('notFound')} breadcrumbs={crumbs}>
        <EmptyState title={t('notFound')} command="playfleet workers">
          <p>{t('notFoundWhy')}</p>
        </EmptyState>
      </Frame>
    );
  }
  if (!worker) {
    return (
      <Frame title={t('title')} breadcrumbs={crumbs}>
        {error ? <ErrorState error={error} onRetry={() => void query.refetch()} /> : <Skeleton rows={10} />}
      </Frame>
    );
  }
  return (
    <Frame
      title={worker.hostname}
      beside={<WorkerState worker={worker} long />}
      breadcrumbs={crumbs}
      actions={<Actions worker={worker} />}
    >
      <Approval worker={worker} />
      <Views worker={worker} />
    </Frame>
  );
}

function Views({ worker }: { worker: Worker }) {
  const t = useMessages(messages);
  const [view, setView] = useViewState(DEFAULTS);
  return (
    <Tabs
      label={t('view')}
      value={view.tab}
      onChange={(tab) => setView({ tab })}
      tabs={[
        {
          id: 'now',
          label: t('now'),
          content: <Now worker={worker} hours={view.hours} onHours={(hours) => setView({ hours })} />,
        },
        { id: 'tasks', label: t('tasks'), content: <Tasks worker={worker} /> },
        { id: 'history', label: t('history'), content: <History worker={worker} /> },
        { id: 'logs', label: t('logs'), content: <Logs worker={worker} /> },
        { id: 'settings', label: t('settings'), content: <Settings key={worker.id} worker={worker} /> },
      ]}
    />
  );
}

function Approval({ worker }: { worker: Worker }) {
  const t = useMessages(messages);
  const may = useMayIn();
  if (worker.approved) return null;
  const approve = () =>
    approveWorker(worker.id).then(() => toastDone(t('approved', { name: worker.hostname })), toastError);
  return (
    <Card>
      <p>{t('approveWhy')}</p>
      {may(worker, 'admin') && <Button onClick={() => void approve()}>{t('approve')}</Button>}
    </Card>
  );
}
