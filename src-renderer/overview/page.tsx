/** How the fleet stands at a glance, in widgets that each user arranges. */
import { LayoutGrid, Play } from 'lucide-react';
import { useMemo, useState, type ReactNode } from 'react';
import type { Run } from '../../shared/protocol/rest/runs.ts';
import { useMay, useMe } from '../fleet/me.ts';
import { useFiguresFollowRuns } from '../fleet/metrics.ts';
import { useRuns } from '../fleet/runs.ts';
import { useWorkers } from '../fleet/workers.ts';
import { Button } from '../ui/button.tsx';
import { useMessages } from '../ui/i18n.ts';
import { readKept, writeKept } from '../ui/kept.ts';
import { useKeys } from '../ui/keys.ts';
import { Link } from '../ui/link.tsx';
import { Menu } from '../ui/menu.tsx';
import { Page as Frame } from '../ui/page.tsx';
import { ErrorState, Skeleton } from '../ui/states.tsx';
import { FailuresWidget, FlakyWidget, SlowestWidget, SuccessWidget, TrendWidget } from './figure-widgets.tsx';
import { FirstUse } from './first-use.tsx';
import { WidgetFrame } from './frame.tsx';
import { changed, layoutText, missing, readLayout, type Layout, type LayoutChange, type WidgetId } from './layout.ts';
import { messages } from './messages.ts';
import styles from './overview.module.css';
import { StartWidget } from './start-widget.tsx';
import { ActiveWidget, HealthWidget, QueueWidget, WorkersWidget } from './state-widgets.tsx';

/** Enough to find the active ones and the last failures. */
const RUNS = 100;

export function Page() {
  const t = useMessages(messages);
  const { data: me } = useMe();
  const { runs, data, error, refetch } = useRuns({}, RUNS);
  const { workers } = useWorkers();
  useFiguresFollowRuns();
  const may = useMay('runner');
  const title = t('title');
  if (error && !data)
    return (
      <Frame title={title}>
        <ErrorState error={error} onRetry={() => void refetch()} />
      </Frame>
    );
  if (!data || !me)
    return (
      <Frame title={title}>
        <Skeleton rows={10} />
      </Frame>
    );
  if (runs.length === 0)
    return (
      <Frame title={title} actions={may ? <LaunchLink /> : undefined}>
        <FirstUse workers={workers.length} />
        {workers.length > 0 && (
          <section className={styles.widget} aria-label={t('widget_workers')}>
            <WorkersWidget />
          </section>
        )}
      </Frame>
    );
  return <Widgets key={me.id} user={me.id} runs={runs} />;
}

function LaunchLink() {
  const t = useMessages(messages);
  return (
    <Link to="/launch" className={styles.launch}>
      <Play size={14} aria-hidden /> {t('launch')}
    </Link>
  );
}

const isOpen = ({ completed_at }: Run): boolean => completed_at === null;
/** Nothing of it has begun: it says for what it waits. */
const waits = ({ status, reason, tests }: Run): boolean =>
  status === 'pending' || (reason !== null && tests.settled === 0);

function Widgets({ user, runs }: { user: string; runs: readonly Run[] }) {
  const t = useMessages(messages);
  const key = `playfleet.overview.${user}`;
  const [layout, setLayout] = useState<Layout>(() => readLayout(readKept(key)));
  const [arranging, setArranging] = useState(false);
  const [dragged, setDragged] = useState<WidgetId | null>(null);
  const [said, setSaid] = useState('');
  useKeys({ Escape: () => setArranging(false) }, arranging);
  const change = (one: LayoutChange) => {
    const next = changed(layout, one);
    if (next === layout) return;
    setLayout(next);
    writeKept(key, one.type === 'reset' ? null : layoutText(next));
    if (one.type === 'reset') setSaid(t('saidReset'));
    else {
      const name = t(`widget_${one.id}`);
      const place = next.findIndex(({ id }) => id === one.id) + 1;
      setSaid(one.type === 'remove' ? t('saidRemoved', { name }) : t('saidPlaced', { name, place, of: next.length }));
    }
  };
  const active = useMemo(() => runs.filter((run) => isOpen(run) && !waits(run)), [runs]);
  const queue = useMemo(() => runs.filter((run) => isOpen(run) && waits(run)).toReversed(), [runs]);
  const last = runs.find(({ completed_at }) => completed_at !== null);
  const contents: Record<WidgetId, ReactNode> = {
    health: <HealthWidget />,
    success: <SuccessWidget />,
    start: <StartWidget last={last} />,
    active: <ActiveWidget runs={active} />,
    queue: <QueueWidget runs={queue} />,
    workers: <WorkersWidget />,
    failures: <FailuresWidget runs={runs} />,
    flaky: <FlakyWidget />,
    trend: <TrendWidget />,
    slowest: <SlowestWidget />,
  };
  const more: Partial<Record<WidgetId, ReactNode>> = {
    success: <Link to="/analytics">{t('toAnalytics')}</Link>,
    trend: <Link to="/analytics">{t('toAnalytics')}</Link>,
    active: <Link to="/runs">{t('toRuns')}</Link>,
    workers: <Link to="/workers">{t('toWorkers')}</Link>,
  };
  const absent = missing(layout);
  return (
    <Frame
      title={t('title')}
      actions={
        arranging ? (
          <>
            {absent.length > 0 && (
              <Menu
                trigger={<Button>{t('addWidget')}</Button>}
                groups={[
                  absent.map((id) => ({ label: t(`widget_${id}`), onSelect: () => change({ type: 'add', id }) })),
                ]}
              />
            )}
            <Button onClick={() => change({ type: 'reset' })}>{t('reset')}</Button>
            <Button look="primary" onClick={() => setArranging(false)}>
              {t('arranged')}
            </Button>
          </>
        ) : (
          <Button look="quiet" icon={<LayoutGrid size={14} aria-hidden />} onClick={() => setArranging(true)}>
            {t('arrange')}
          </Button>
        )
      }
    >
      {arranging && <p className="muted">{t('arrangeHow')}</p>}
      <p className="visually-hidden" role="status">
        {said}
      </p>
      {layout.length === 0 && <p className="muted">{t('empty')}</p>}
      <div className={styles.grid}>
        {layout.map((placed, index) => (
          <WidgetFrame
            key={placed.id}
            placed={placed}
            index={index}
            title={t(`widget_${placed.id}`)}
            more={more[placed.id]}
            arranging={arranging}
            dragged={dragged}
            onDrag={setDragged}
            onChange={change}
          >
            {contents[placed.id]}
          </WidgetFrame>
        ))}
      </div>
    </Frame>
  );
}
