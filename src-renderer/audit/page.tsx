import { Download } from 'lucide-react';
import { useMemo, useState } from 'react';
import type { AuditEntry } from '../../shared/protocol/rest/audit.ts';
import { useMayEverywhere } from '../fleet/access.ts';
import { readAudit, useAudit, type AuditFilter } from '../fleet/audit.ts';
import { useMe } from '../fleet/me.ts';
import { Button } from '../ui/button.tsx';
import { CodeBlock } from '../ui/code-block.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { download, jsonLines } from '../ui/download.ts';
import { useMessages } from '../ui/i18n.ts';
import { Page as Frame } from '../ui/page.tsx';
import { EmptyState, ErrorState, Skeleton } from '../ui/states.tsx';
import { Table, type Column } from '../ui/table.tsx';
import { DateTime } from '../ui/time.tsx';
import { toastDone, toastError } from '../ui/toast.tsx';
import { useViewState } from '../ui/view-state.ts';
import { Chain } from './chain.tsx';
import { Filters, sinceOf } from './filters.tsx';
import { messages } from './messages.ts';

const DEFAULTS = { action: '', actor: '', span: 'all', entry: '' } as const;

export function Page() {
  const t = useMessages(messages);
  const { isPending } = useMe();
  const may = useMayEverywhere('admin');
  return (
    <Frame title={t('title')} {...(may ? { actions: <Export /> } : {})}>
      {isPending ? (
        <Skeleton />
      ) : may ? (
        <Log />
      ) : (
        <EmptyState title={t('mayNot')}>
          <p>{t('mayNotWhy')}</p>
        </EmptyState>
      )}
    </Frame>
  );
}

function useFilter(): AuditFilter {
  const [{ action, actor, span }] = useViewState(DEFAULTS);
  return useMemo(
    () => ({
      ...(action === '' ? {} : { action }),
      ...(actor === '' ? {} : { actor }),
      ...sinceOf(span, Date.now()),
    }),
    [action, actor, span],
  );
}

function Log() {
  const t = useMessages(messages);
  const [view, setView] = useViewState(DEFAULTS);
  const query = useAudit(useFilter());
  const rows = useMemo(() => query.data?.pages.flatMap(({ items }) => items) ?? [], [query.data]);
  const columns = useMemo(
    (): Column<AuditEntry>[] => [
      { id: 'at', head: t('time'), width: 'clamp(110px, 30vw, 150px)', cell: ({ at }) => <DateTime at={at} /> },
      {
        id: 'actor',
        head: t('actor'),
        width: '170px',
        wideOnly: true,
        cell: ({ actor, actor_name }) => <span title={actor}>{actor_name || actor}</span>,
      },
      {
        id: 'action',
        head: t('action'),
        width: 'clamp(130px, 34vw, 200px)',
        cell: ({ action }) => <code>{action}</code>,
      },
      { id: 'target', head: t('target'), cell: ({ target }) => target },
      {
        id: 'data',
        head: t('data'),
        wideOnly: true,
        cell: ({ data }) => <span className="muted">{dataText(data)}</span>,
      },
      { id: 'address', head: t('address'), width: '120px', wideOnly: true, cell: ({ address }) => address },
    ],
    [t],
  );
  const open = rows.find(({ seq }) => String(seq) === view.entry);
  const more = () => {
    if (query.hasNextPage && !query.isFetching) void query.fetchNextPage();
  };
  return (
    <>
      <Chain />
      <Filters view={view} onChange={setView} />
      {query.isPending ? (
        <Skeleton rows={10} />
      ) : query.isError ? (
        <ErrorState error={query.error} onRetry={() => void query.refetch()} />
      ) : rows.length === 0 ? (
        <EmptyState title={t('empty')} action={<Button onClick={() => setView(DEFAULTS)}>{t('clear')}</Button>} />
      ) : (
        <Table
          keys
          label={t('entries')}
          columns={columns}
          rows={rows}
          keyOf={({ seq }) => String(seq)}
          onOpen={({ seq }) => setView({ entry: String(seq) })}
          onEnd={more}
        />
      )}
      {open && (
        <Dialog open wide onOpenChange={() => setView({ entry: '' })} title={t('entry', { seq: open.seq })}>
          <CodeBlock text={JSON.stringify(open, null, 2)} label={t('entry', { seq: open.seq })} />
        </Dialog>
      )}
    </>
  );
}

const dataText = (data: AuditEntry['data']): string =>
  Object.entries(data)
    .map(([key, value]) => `${key} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ');

/** All entries that match, oldest first, as lines of JSON with their hashes: enough to check them elsewhere. */
function Export() {
  const t = useMessages(messages);
  const filter = useFilter();
  const [busy, setBusy] = useState(false);
  const run = async () => {
    setBusy(true);
    try {
      const lines: string[] = [];
      for await (const entries of readAudit(filter)) lines.push(...jsonLines(entries));
      download('playfleet-audit.jsonl', 'application/x-ndjson', lines);
      toastDone(t('exported', { n: lines.length }));
    } catch (error) {
      toastError(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Button icon={<Download size={14} aria-hidden />} busy={busy} onClick={() => void run()}>
      {t('exportAll')}
    </Button>
  );
}
