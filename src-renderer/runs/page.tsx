/** All runs, newest first: found by name, state, project and tag, kept up to date, changed many at once. */
import { useNavigate } from '@tanstack/react-router';
import { runLabel } from '../../shared/model/run-label.ts';
import { useCallback, useMemo, useState } from 'react';
import type { Run } from '../../shared/protocol/rest/runs.ts';
import { useMay } from '../fleet/me.ts';
import { useRuns } from '../fleet/runs.ts';
import { Button } from '../ui/button.tsx';
import { useMessages } from '../ui/i18n.ts';
import { LinkButton } from '../ui/link.tsx';
import { Page as Frame } from '../ui/page.tsx';
import { useSettled } from '../ui/settled.ts';
import { EmptyState, ErrorState, Skeleton } from '../ui/states.tsx';
import { Table } from '../ui/table.tsx';
import { useViewState } from '../ui/view-state.ts';
import { BulkActions } from './bulk-actions.tsx';
import { columnsOf, CompactRun } from './columns.tsx';
import { filterOf, Filters, VIEW } from './filters.tsx';
import { messages } from './messages.ts';

/** Who types does not ask with every letter. */
const PAUSE_MS = 200;

const NONE: ReadonlySet<string> = new Set();

export function Page() {
  const t = useMessages(messages);
  const navigate = useNavigate();
  const mayRun = useMay('runner');
  const [view, change] = useViewState(VIEW);
  const settled = useSettled(view, PAUSE_MS);
  const filter = useMemo(() => filterOf(settled), [settled]);
  const { runs, error, isPending, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useRuns(filter);
  const [selected, setSelected] = useState(NONE);
  const columns = useMemo(() => columnsOf(t), [t]);
  const open = useCallback(
    (run: Run) => void navigate({ to: '/runs/$run', params: { run: String(run.number) } }),
    [navigate],
  );
  const chosen = runs.filter(({ id }) => selected.has(id));

  return (
    <Frame
      title={t('title')}
      actions={
        mayRun && (
          <LinkButton to="/launch" look="primary">
            {t('launch')}
          </LinkButton>
        )
      }
    >
      <Filters view={view} change={change} />
      {chosen.length > 0 && <BulkActions runs={chosen} onDone={() => setSelected(NONE)} />}
      {error && runs.length === 0 && <ErrorState error={error} onRetry={() => void refetch()} />}
      {isPending && <Skeleton rows={12} />}
      {runs.length > 0 && (
        <Table
          keys
          label={t('list')}
          columns={columns}
          compact={CompactRun}
          rows={runs}
          keyOf={(run) => run.id}
          onOpen={open}
          {...(mayRun
            ? {
                selection: {
                  keys: selected,
                  onChange: setSelected,
                  labelOf: ({ number, name }: Run) => t('runOf', { number: runLabel(number), name }),
                },
              }
            : {})}
          onEnd={() => hasNextPage && !isFetchingNextPage && void fetchNextPage()}
        />
      )}
      {isFetchingNextPage && <p className="muted">{t('loadingMore')}</p>}
      {!isPending && !error && runs.length === 0 && (
        <Nothing filtered={Object.keys(filter).length > 0} onReset={() => change(VIEW)} />
      )}
    </Frame>
  );
}

function Nothing({ filtered, onReset }: { filtered: boolean; onReset: () => void }) {
  const t = useMessages(messages);
  if (filtered) {
    return (
      <EmptyState title={t('noMatch')} action={<Button onClick={onReset}>{t('reset')}</Button>}>
        <p>{t('noMatchHow')}</p>
      </EmptyState>
    );
  }
  return (
    <EmptyState title={t('empty')} command="playfleet run">
      <p>{t('emptyHow')}</p>
    </EmptyState>
  );
}
