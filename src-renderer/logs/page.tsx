import { useQuery } from '@tanstack/react-query';
import { Download, Pause, Play } from 'lucide-react';
import { useMemo, useState } from 'react';
import type { FleetEvent } from '../../shared/protocol/events.ts';
import type { Run } from '../../shared/protocol/rest/runs.ts';
import { api } from '../fleet/client.ts';
import { eventKey, readEvents, useEventHistory } from '../fleet/events.ts';
import { useRuns } from '../fleet/runs.ts';
import { useWorkers } from '../fleet/workers.ts';
import { Button } from '../ui/button.tsx';
import { useMessages } from '../ui/i18n.ts';
import { download, jsonLines } from '../ui/download.ts';
import { Page as Frame } from '../ui/page.tsx';
import { EmptyState, ErrorState, Skeleton } from '../ui/states.tsx';
import { Table } from '../ui/table.tsx';
import { toastDone, toastError } from '../ui/toast.tsx';
import { useViewState } from '../ui/view-state.ts';
import { useColumns } from './columns.tsx';
import { Detail } from './detail.tsx';
import { filterOf, shows, type LogFilter } from './filter.ts';
import { Filters } from './filters.tsx';
import { messages } from './messages.ts';
import { joined, useTail } from './tail.ts';

const DEFAULTS = {
  text: '',
  kind: 'all',
  level: 'info',
  run: '',
  worker: '',
  span: 'all',
  from: '',
  to: '',
  event: '',
} as const;

export function Page() {
  const t = useMessages(messages);
  const [view, setView] = useViewState(DEFAULTS);
  const { text, kind, level, run, worker, span, from, to } = view;
  const { data: runId = run, error: runError } = useRunId(run);
  // The window of time begins where it did when it was chosen: a moving one would read everything anew all the time.
  const filter = useMemo(
    () => filterOf({ text, kind, level, run, worker, span, from, to }, runId, Date.now()),
    [text, kind, level, run, worker, span, from, to, runId],
  );
  return (
    <Frame
      title={t('title')}
      beside={<span className="muted">{t('output')}</span>}
      actions={<DownloadButton filter={filter} />}
    >
      <Filters view={view} onChange={setView} runError={runError ? t('noSuchRun', { run }) : null} />
      <List
        filter={filter}
        chosen={view.event}
        onChoose={(event) => setView({ event })}
        onClear={() => setView(DEFAULTS)}
      />
    </Frame>
  );
}

/** The id of the run that is named by id or number; '' where none is. */
const useRunId = (run: string) =>
  useQuery({
    queryKey: ['run-id', run],
    queryFn: async ({ signal }) =>
      run === '' ? '' : (await api.get<Run>(`/test-runs/${encodeURIComponent(run)}`, {}, signal)).id,
    staleTime: Infinity,
  });

interface ListProps {
  filter: LogFilter;
  chosen: string;
  onChoose: (key: string) => void;
  onClear: () => void;
}

function List({ filter, chosen, onChoose, onClear }: ListProps) {
  const t = useMessages(messages);
  const [paused, setPaused] = useState(false);
  const { level: _level, ...asked } = filter;
  const query = useEventHistory(asked);
  const tail = useTail(filter, paused);
  const { workers } = useWorkers();
  // Known ones are named by their number.
  useRuns();
  const columns = useColumns(workers);
  const rows = useMemo(() => {
    const read = query.data?.pages.flatMap((page) => page.events) ?? [];
    return joined(tail.events, read).filter((event) => shows(event, filter));
  }, [query.data, tail.events, filter]);
  const open = rows.find((event) => eventKey(event) === chosen);
  if (query.isPending) return <Skeleton rows={12} />;
  if (query.isError) return <ErrorState error={query.error} onRetry={() => void query.refetch()} />;
  const more = () => {
    if (query.hasNextPage && !query.isFetching) void query.fetchNextPage();
  };
  return (
    <>
      {filter.before === undefined && (
        <div>
          <Button
            icon={paused ? <Play size={14} aria-hidden /> : <Pause size={14} aria-hidden />}
            aria-pressed={paused}
            onClick={() => setPaused(!paused)}
          >
            {paused ? t('resume') : t('pause')}
          </Button>{' '}
          <span role="status" className="muted">
            {tail.waiting > 0 && t('newOnes', { n: tail.waiting })}
          </span>
        </div>
      )}
      {rows.length === 0 && !query.hasNextPage ? (
        <EmptyState title={t('empty')} action={<Button onClick={onClear}>{t('clear')}</Button>}>
          <p>{t('emptyWhy')}</p>
        </EmptyState>
      ) : (
        <Table
          keys
          label={t('logs')}
          columns={columns}
          rows={rows}
          keyOf={eventKey}
          onOpen={(event) => onChoose(eventKey(event))}
          onEnd={more}
        />
      )}
      {open && <Detail event={open} onClose={() => onChoose('')} />}
    </>
  );
}

/** So many events are downloaded at most: larger ranges are for the API. */
const MOST = 20_000;

function DownloadButton({ filter }: { filter: LogFilter }) {
  const t = useMessages(messages);
  const [busy, setBusy] = useState(false);
  const run = async () => {
    setBusy(true);
    try {
      const { level: _level, ...asked } = filter;
      const events: FleetEvent[] = [];
      let cursor: string | undefined;
      do {
        const page = await readEvents(asked, cursor, undefined, 500);
        events.push(...page.events.filter((event) => shows(event, filter)));
        cursor = page.next ?? undefined;
      } while (cursor !== undefined && events.length < MOST);
      const lines = jsonLines(events.map((event) => ({ ...event, at: new Date(event.at).toISOString() })));
      download('playfleet-events.jsonl', 'application/x-ndjson', lines);
      toastDone(
        cursor === undefined ? t('downloaded', { n: events.length }) : t('mostDownloaded', { n: events.length }),
      );
    } catch (error) {
      toastError(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Button icon={<Download size={14} aria-hidden />} busy={busy} onClick={() => void run()}>
      {t('download')}
    </Button>
  );
}
