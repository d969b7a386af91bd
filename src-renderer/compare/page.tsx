import { ArrowLeftRight } from 'lucide-react';
import { runLabel } from '../../shared/model/run-label.ts';
import { useNavigate } from '@tanstack/react-router';
import { useMemo } from 'react';
import type { TestChange } from '../../shared/protocol/rest/analysis.ts';
import { useRun } from '../fleet/runs.ts';
import { useComparison } from '../fleet/test-detail.ts';
import { Button, IconButton } from '../ui/button.tsx';
import { Field, Input } from '../ui/field.tsx';
import { FilterInput } from '../ui/filter-input.tsx';
import { useLanguage, useMessages } from '../ui/i18n.ts';
import { Link } from '../ui/link.tsx';
import { Page as Frame, Toolbar } from '../ui/page.tsx';
import { EmptyState, ErrorState, Skeleton } from '../ui/states.tsx';
import { Sign } from '../ui/status.tsx';
import { Table } from '../ui/table.tsx';
import { Tabs } from '../ui/tabs.tsx';
import { useViewState } from '../ui/view-state.ts';
import { changeTone, columnsIn, type ChangeRow } from './changes.tsx';
import { messages } from './messages.ts';
import styles from './page.module.css';
import { PickRun } from './pick-run.tsx';
import { CHANGES, summaryText } from './summary.ts';

/** `now` and `before`: numbers of the runs; without `before` it is the run before. */
const VIEW = { now: '', before: '', change: 'all', filter: '', percent: '50', ms: '500' } as const;
type View = Record<keyof typeof VIEW, string>;

export function Page() {
  const t = useMessages(messages);
  const [view, change] = useViewState(VIEW);
  const pick = { now: view.now, before: view.before };
  return (
    <Frame title={t('title')}>
      <Pickers {...pick} onChange={change} />
      {view.now === '' ? (
        <EmptyState title={t('none')}>
          <p>{t('noneWhy')}</p>
        </EmptyState>
      ) : (
        <Changes view={view} onChange={change} />
      )}
    </Frame>
  );
}

interface PickersProps {
  now: string;
  before: string;
  onChange: (part: Partial<View>) => void;
}

function Pickers({ now, before, onChange }: PickersProps) {
  const t = useMessages(messages);
  return (
    <div className={styles.pickers}>
      <PickRun
        label={t('now')}
        none={t('pick')}
        value={now}
        onChange={(to) => onChange({ now: to })}
        project={undefined}
      />
      <IconButton
        label={t('swap')}
        icon={<ArrowLeftRight size={16} aria-hidden />}
        disabled={now === '' || before === ''}
        onClick={() => onChange({ now: before, before: now })}
      />
      {now === '' ? (
        <PickRun
          label={t('before')}
          none={t('runBefore')}
          value={before}
          onChange={(to) => onChange({ before: to })}
          project={undefined}
        />
      ) : (
        <PickOther now={now} before={before} onChange={onChange} />
      )}
    </div>
  );
}

/** Only runs of the same project can be compared. */
function PickOther({ now, before, onChange }: PickersProps) {
  const t = useMessages(messages);
  const { run } = useRun(now);
  return (
    <PickRun
      label={t('before')}
      none={t('runBefore')}
      value={before}
      onChange={(to) => onChange({ before: to })}
      project={run?.project}
    />
  );
}

/** A positive number, or what counts without one. */
const numberOr = (text: string, preset: number): number => {
  const value = Number(text);
  return text.trim() !== '' && Number.isFinite(value) && value >= 0 ? value : preset;
};

function Changes({ view, onChange }: { view: View; onChange: (part: Partial<View>) => void }) {
  const t = useMessages(messages);
  const language = useLanguage();
  const navigate = useNavigate();
  const kind = CHANGES.find((one) => one === view.change);
  const query = useComparison({
    now: view.now,
    before: view.before,
    change: kind,
    percent: Math.max(1, numberOr(view.percent, 50)),
    atLeastMs: numberOr(view.ms, 500),
  });
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = query;
  const columns = useMemo(() => columnsIn(t), [t]);
  const rows = useMemo(() => {
    const wanted = view.filter.trim().toLowerCase();
    const [first] = data?.pages ?? [];
    if (!first) return [];
    const [nowRun, beforeRun] = [String(first.run.number), String(first.with.number)];
    return data!.pages
      .flatMap((page) => page.items)
      .filter(({ title, file, project }) => `${title} ${file} ${project}`.toLowerCase().includes(wanted))
      .map((item): ChangeRow => ({ ...item, nowRun, beforeRun }));
  }, [data, view.filter]);
  if (error) return <ErrorState error={error} onRetry={() => void refetch()} />;
  const first = data?.pages[0];
  if (!first) return <Skeleton rows={8} />;
  const total = CHANGES.reduce((sum, one) => sum + first.counts[one], 0);
  const content =
    total === 0 ? (
      <EmptyState title={t('nothing')}>
        <p>{t('nothingWhy', { n: first.unchanged })}</p>
      </EmptyState>
    ) : rows.length === 0 ? (
      <p className="muted">{view.filter === '' ? t('noneOfKind') : t('noMatch')}</p>
    ) : (
      <>
        <Table
          label={t('changes')}
          columns={columns}
          rows={rows}
          keyOf={(row) => `${row.change} ${row.test_id}`}
          onOpen={(row) =>
            void navigate({
              to: '/runs/$run/tests/$test',
              params: { run: row.now === null ? row.beforeRun : row.nowRun, test: row.test_id },
            })
          }
          keys
        />
        {hasNextPage && (
          <Button busy={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            {t('more')}
          </Button>
        )}
      </>
    );
  const tabs = [
    { id: 'all' as const, label: <Label text={t('all')} n={total} />, content },
    ...CHANGES.map((id) => ({
      id,
      label: (
        <>
          <Sign tone={changeTone(id)} /> <Label text={t(id)} n={first.counts[id]} />
        </>
      ),
      content,
    })),
  ];
  return (
    <>
      <p className={styles.summary}>{summaryText(first, t, language)}</p>
      <p className={styles.runs}>
        {[first.with, first.run].map((run, index) => (
          <span key={run.id}>
            {index === 1 && '→ '}
            <Link to="/runs/$run" params={{ run: String(run.number) }}>{`#${runLabel(run.number)} ${run.name}`}</Link>
            {run.commit !== null && <code>{` ${run.commit.slice(0, 8)}`}</code>}
            {run.branch !== null && <span className="muted">{` ${run.branch}`}</span>}
          </span>
        ))}
      </p>
      <Toolbar>
        <FilterInput
          value={view.filter}
          onChange={(filter) => onChange({ filter })}
          label={t('filter')}
          placeholder={t('filterHint')}
        />
        <div className={styles.limits}>
          <Field label={t('percent')}>
            <Input
              type="number"
              min={1}
              max={10_000}
              value={view.percent}
              onChange={(event) => onChange({ percent: event.target.value })}
            />
          </Field>
          <Field label={t('atLeast')}>
            <Input
              type="number"
              min={0}
              max={3_600_000}
              step={100}
              value={view.ms}
              onChange={(event) => onChange({ ms: event.target.value })}
            />
          </Field>
        </div>
      </Toolbar>
      <Tabs<TestChange | 'all'>
        label={t('changes')}
        value={kind ?? 'all'}
        onChange={(to) => onChange({ change: to })}
        tabs={tabs}
      />
    </>
  );
}

function Label({ text, n }: { text: string; n: number }) {
  return (
    <>
      {text} <span className="muted">{n.toLocaleString()}</span>
    </>
  );
}
