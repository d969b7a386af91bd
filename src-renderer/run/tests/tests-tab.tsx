/** The tests of a run: filter, counts, groups, list, and what can be done with the selected ones. */
import { useNavigate } from '@tanstack/react-router';
import { runLabel } from '../../../shared/model/run-label.ts';
import { RotateCcw } from 'lucide-react';
import { useDeferredValue, useEffect, useMemo, useState } from 'react';
import type { Run } from '../../../shared/protocol/rest/runs.ts';
import { useMay } from '../../fleet/me.ts';
import { isOver } from '../../fleet/run-row.ts';
import { Button } from '../../ui/button.tsx';
import { Select } from '../../ui/field.tsx';
import { useMessages, type PlainKey } from '../../ui/i18n.ts';
import { Toolbar } from '../../ui/page.tsx';
import { EmptyState, ErrorState, Skeleton } from '../../ui/states.tsx';
import { toastDone, toastError } from '../../ui/toast.tsx';
import { useViewState } from '../../ui/view-state.ts';
import { useRerun } from '../../fleet/runs.ts';
import { arrange, countsOf, GROUPINGS, SORTS, type Grouping, type Sort } from './arrange.ts';
import { Chips } from './chips.tsx';
import { Filter, type Vocabulary } from './filter.ts';
import { FilterBox } from './filter-box.tsx';
import { TestLines } from './list.tsx';
import { messages } from './messages.ts';
import type { TestRow } from './row.ts';
import type { ListOfTests } from './use-test-list.ts';
import { useNewFailures } from './use-new-failures.ts';

const VIEW = { q: '', group: 'cluster', sort: 'status' } as const;
const GROUP_WORDS: Record<Grouping, PlainKey<(typeof messages)['en']>> = {
  cluster: 'byCluster',
  file: 'byFile',
  project: 'byProject',
  none: 'noGroups',
};
const SORT_WORDS: Record<Sort, PlainKey<(typeof messages)['en']>> = {
  status: 'sortStatus',
  suite: 'sortSuite',
  duration: 'sortDuration',
  name: 'sortName',
};
/** The address follows what is typed when the typing rests. */
const ADDRESS_MS = 300;

interface TestsTabProps {
  run: Run;
  tests: ListOfTests;
  selected: ReadonlySet<string>;
  onSelect: (selected: ReadonlySet<string>) => void;
}

export function TestsTab({ run, tests, selected, onSelect }: TestsTabProps) {
  const t = useMessages(messages);
  const [view, setView] = useViewState<Record<keyof typeof VIEW, string>>(VIEW);
  const [text, setText] = useTypedText(view.q, (q) => setView({ q }));
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const mayRun = useMay('runner');
  const newFailures = useNewFailures(run);
  const group = GROUPINGS.find((one) => one === view.group) ?? 'cluster';
  const sort = SORTS.find((one) => one === view.sort) ?? 'status';

  const filter = useMemo(() => new Filter(text), [text]);
  const deferred = useDeferredValue(filter);
  const { rows } = tests;
  const counts = useMemo(() => countsOf(rows), [rows]);
  const vocabulary = useMemo(() => vocabularyOf(rows), [rows]);
  const found = useMemo(
    () => (deferred.isEmpty ? rows : rows.filter((row) => deferred.matches(row))),
    [rows, deferred],
  );
  const lines = useMemo(() => arrange(found, { group, sort, closed }), [found, group, sort, closed]);

  if (rows.length === 0) {
    if (tests.error) return <ErrorState error={tests.error} onRetry={tests.retry} />;
    if (tests.isPending) return <Skeleton rows={12} />;
    return <NoTests run={run} />;
  }
  const toggleGroup = (key: string) => {
    const next = new Set(closed);
    if (!next.delete(key)) next.add(key);
    setClosed(next);
  };
  return (
    <>
      <Toolbar>
        <FilterBox text={text} filter={filter} onChange={setText} vocabulary={vocabulary} />
        <Select
          aria-label={t('group')}
          value={group}
          onChange={(value) => setView({ group: value })}
          options={GROUPINGS.map((value) => ({ value, label: t(GROUP_WORDS[value]) }))}
        />
        <Select
          aria-label={t('sort')}
          value={sort}
          onChange={(value) => setView({ sort: value })}
          options={SORTS.map((value) => ({ value, label: t(SORT_WORDS[value]) }))}
        />
      </Toolbar>
      <Toolbar>
        <Chips counts={counts} filter={filter} onToggle={(term) => setText(filter.toggled(term))} />
        <span role="status" className="muted">
          {filter.isEmpty
            ? t('matches', { n: rows.length })
            : t('matchesOf', { found: found.length, all: rows.length })}
        </span>
      </Toolbar>
      {selected.size > 0 && <SelectedBar run={run} selected={selected} onClear={() => onSelect(new Set())} />}
      {tests.error && <ErrorState error={tests.error} onRetry={tests.retry} />}
      {found.length === 0 ? (
        <EmptyState title={t('nothing')} action={<Button onClick={() => setText('')}>{t('showAll')}</Button>}>
          <p className="muted">{t('nothingWhy')}</p>
        </EmptyState>
      ) : (
        <TestLines
          runId={run.id}
          lines={lines}
          newFailures={newFailures}
          onToggleGroup={toggleGroup}
          selected={mayRun ? selected : null}
          onSelect={onSelect}
        />
      )}
    </>
  );
}

/** What is typed shows at once; the address follows, and what comes from there (a link, the back button) is taken over. */
function useTypedText(address: string, setAddress: (text: string) => void): [string, (text: string) => void] {
  const [text, setText] = useState(address);
  const [before, setBefore] = useState(address);
  if (address !== before) {
    setBefore(address);
    setText(address);
  }
  useEffect(() => {
    if (text === address) return;
    const timer = window.setTimeout(() => {
      setBefore(text);
      setAddress(text);
    }, ADDRESS_MS);
    return () => window.clearTimeout(timer);
  });
  return [text, setText];
}

function vocabularyOf(rows: readonly TestRow[]): Vocabulary {
  const known = {
    projects: new Set<string>(),
    workers: new Set<string>(),
    files: new Set<string>(),
    tags: new Set<string>(),
  };
  for (const row of rows) {
    known.projects.add(row.project);
    known.files.add(row.file);
    if (row.worker !== null) known.workers.add(row.worker);
    for (const tag of row.tags) known.tags.add(tag);
  }
  const sorted = (values: Set<string>) => [...values].filter((value) => value !== '').sort();
  return {
    projects: sorted(known.projects),
    workers: sorted(known.workers),
    files: sorted(known.files),
    tags: sorted(known.tags),
  };
}

function NoTests({ run }: { run: Run }) {
  const t = useMessages(messages);
  const over = isOver(run.status);
  return (
    <EmptyState title={t(over ? 'emptyOver' : 'emptyRun')} command={`npx playfleet status ${run.number}`}>
      <p className="muted">{t(over ? 'emptyOverWhy' : 'emptyRunWhy')}</p>
    </EmptyState>
  );
}

function SelectedBar({ run, selected, onClear }: { run: Run; selected: ReadonlySet<string>; onClear: () => void }) {
  const t = useMessages(messages);
  const navigate = useNavigate();
  const rerun = useRerun();
  const over = isOver(run.status);
  const start = () =>
    rerun.mutate(
      { id: run.id, what: [...selected] },
      {
        onSuccess: (made) => {
          void navigate({ to: '/runs/$run', params: { run: made.test_run_id } });
          toastDone(t('rerunStarted', { number: runLabel(made.number) }));
        },
        onError: toastError,
      },
    );
  return (
    <Toolbar>
      <span role="status">{t('selected', { n: selected.size })}</span>
      <Button
        icon={<RotateCcw size={14} aria-hidden />}
        disabled={!over}
        busy={rerun.isPending}
        title={over ? undefined : t('rerunLater')}
        onClick={start}
      >
        {t('rerunSelected')}
      </Button>
      <Button look="quiet" onClick={onClear}>
        {t('clearSelection')}
      </Button>
    </Toolbar>
  );
}
