import { useNavigate } from '@tanstack/react-router';
import { Plus } from 'lucide-react';
import { useMemo, useState, type ReactNode } from 'react';
import type { Worker } from '../../shared/protocol/rest/workers.ts';
import { useMay } from '../fleet/me.ts';
import { useTeams } from '../fleet/teams.ts';
import { useWorkers } from '../fleet/workers.ts';
import { Button } from '../ui/button.tsx';
import { FilterInput } from '../ui/filter-input.tsx';
import { useMessages } from '../ui/i18n.ts';
import { Page as Frame, Toolbar } from '../ui/page.tsx';
import { EmptyState, ErrorState, Skeleton } from '../ui/states.tsx';
import { Tabs } from '../ui/tabs.tsx';
import { useViewState } from '../ui/view-state.ts';
import { AddWorker } from './add-worker.tsx';
import { matches, parseFilter } from './filter.ts';
import { FleetMap } from './fleet-map.tsx';
import { slotFigures } from './groups.ts';
import { Hardware } from './hardware.tsx';
import { List } from './list.tsx';
import { messages } from './messages.ts';
import { Waiting } from './waiting.tsx';

const DEFAULTS = { filter: '', view: 'list', sort: 'state', group: 'platform' } as const;

export function Page() {
  const t = useMessages(messages);
  const mayAdd = useMay('maintainer');
  const [adding, setAdding] = useState(false);
  const query = useWorkers();
  const { workers } = query;
  return (
    <Frame
      title={t('title')}
      beside={<Summary workers={workers} />}
      actions={
        mayAdd && (
          <Button look="primary" icon={<Plus size={14} aria-hidden />} onClick={() => setAdding(true)}>
            {t('add')}
          </Button>
        )
      }
    >
      {query.isPending ? (
        <Skeleton rows={8} />
      ) : query.isError && workers.length === 0 ? (
        <ErrorState error={query.error} onRetry={() => void query.refetch()} />
      ) : workers.length === 0 ? (
        <EmptyState title={t('none')} command="playfleet up">
          <p>{t('noneWhy')}</p>
          {!mayAdd && <p className="muted">{t('notAllowedAdd')}</p>}
        </EmptyState>
      ) : (
        <Fleet workers={workers} />
      )}
      {adding && <AddWorker onClose={() => setAdding(false)} />}
    </Frame>
  );
}

function Summary({ workers }: { workers: readonly Worker[] }) {
  const t = useMessages(messages);
  if (workers.length === 0) return null;
  const online = workers.filter(({ status }) => status === 'idle' || status === 'busy');
  const figures = online.map(slotFigures);
  const busy = figures.reduce((sum, one) => sum + one.busy, 0);
  const slots = figures.reduce((sum, one) => sum + one.all, 0);
  return <span className="muted">{t('summary', { online: online.length, all: workers.length, busy, slots })}</span>;
}

function Fleet({ workers }: { workers: readonly Worker[] }) {
  const t = useMessages(messages);
  const navigate = useNavigate();
  const [view, setView] = useViewState(DEFAULTS);
  const { data: teams } = useTeams();
  const filter = useMemo(() => parseFilter(view.filter), [view.filter]);
  const shown = useMemo(() => {
    const names = { teamName: (id: string) => teams?.find((team) => team.id === id)?.name ?? id };
    return workers.filter((worker) => matches(worker, filter, names));
  }, [workers, filter, teams]);
  const ids = useMemo(() => workers.map(({ id }) => id).sort(), [workers]);
  const open = (worker: Worker) => void navigate({ to: '/workers/$worker', params: { worker: worker.id } });
  const content = (children: ReactNode) =>
    shown.length > 0 ? (
      children
    ) : (
      <EmptyState title={t('noneMatch')}>
        <p>{t('noneMatchWhy')}</p>
      </EmptyState>
    );
  return (
    <>
      <Waiting workers={workers} />
      <Toolbar>
        <FilterInput
          label={t('filter')}
          placeholder={t('filterHint')}
          value={view.filter}
          onChange={(text) => setView({ filter: text })}
        />
      </Toolbar>
      <p role="status" hidden={filter.unknown.length === 0}>
        {filter.unknown.length > 0 && t('filterUnknown', { terms: filter.unknown.join(' ') })}
      </p>
      <Tabs
        label={t('view')}
        value={view.view}
        onChange={(one) => setView({ view: one })}
        tabs={[
          {
            id: 'list',
            label: t('list'),
            content: content(
              <List workers={shown} ids={ids} sort={view.sort} onSort={(sort) => setView({ sort })} onOpen={open} />,
            ),
          },
          {
            id: 'map',
            label: t('map'),
            content: content(
              <FleetMap workers={shown} by={view.group} onGroup={(group) => setView({ group })} teams={teams ?? []} />,
            ),
          },
          { id: 'hardware', label: t('hardware'), content: content(<Hardware workers={shown} />) },
        ]}
      />
    </>
  );
}
