/** What the tasks of a run print, live: follows the end until one scrolls away or pauses. */
import { useVirtualizer } from '@tanstack/react-virtual';
import { Pause, Play } from 'lucide-react';
import { memo, useDeferredValue, useEffect, useMemo, useRef, useState } from 'react';
import type { Run } from '../../../shared/protocol/rest/runs.ts';
import { isOver } from '../../fleet/run-row.ts';
import { Ansi } from '../../ui/ansi.tsx';
import { Button } from '../../ui/button.tsx';
import { cx } from '../../ui/class-names.ts';
import { Select } from '../../ui/field.tsx';
import { FilterInput } from '../../ui/filter-input.tsx';
import { useLanguage, useMessages } from '../../ui/i18n.ts';
import { Toolbar } from '../../ui/page.tsx';
import { stripAnsi } from '../../ui/parse-ansi.ts';
import { EmptyState, ErrorState, Skeleton } from '../../ui/states.tsx';
import { toastError } from '../../ui/toast.tsx';
import { dateText } from '../../ui/time-text.ts';
import { useViewState } from '../../ui/view-state.ts';
import { matchesLog, type LogFilter, type LogLine, type LogStream } from './log-buffer.ts';
import styles from './logs.module.css';
import { messages } from './messages.ts';
import { useLogs } from './use-logs.ts';

const VIEW = { log: '', stream: '', on: '' } as const;
const STREAMS: readonly LogStream[] = ['stdout', 'stderr', 'agent'];
const LINE_PX = 20;

export function LogsTab({ run }: { run: Run }) {
  const t = useMessages(messages);
  const { lines, lacksBeginning, isPending, error, retry, loadOlder } = useLogs(run.id);
  const [view, setView] = useViewState<Record<keyof typeof VIEW, string>>(VIEW);
  /** What was there when it was paused; null: it goes on. */
  const [paused, setPaused] = useState<readonly LogLine[] | null>(null);
  const text = useDeferredValue(view.log);
  const workers = useMemo(() => [...new Set(lines.flatMap(({ worker }) => worker ?? []))].sort(), [lines]);
  const stream = STREAMS.find((one) => one === view.stream) ?? '';
  const held = paused ?? lines;
  const found = useMemo(() => {
    const filter: LogFilter = { worker: view.on, stream, text };
    if (filter.worker === '' && filter.stream === '' && text === '') return held;
    return held.filter((line) => matchesLog(line, filter, stripAnsi));
  }, [held, view.on, stream, text]);

  if (lines.length === 0) {
    if (error) return <ErrorState error={error} onRetry={retry} />;
    if (isPending) return <Skeleton rows={10} />;
    const over = isOver(run.status);
    return (
      <EmptyState title={t(over ? 'empty' : 'emptyLive')} command={`npx playfleet logs ${run.number}`}>
        <p className="muted">{t(over ? 'emptyWhy' : 'emptyLiveWhy')}</p>
      </EmptyState>
    );
  }
  const newer = paused === null ? 0 : lines.length - Math.max(0, lines.indexOf(paused.at(-1)!) + 1);
  return (
    <>
      <Toolbar>
        <FilterInput
          value={view.log}
          onChange={(log) => setView({ log })}
          label={t('filter')}
          placeholder={t('filter')}
        />
        <Select
          aria-label={t('worker')}
          value={view.on}
          onChange={(on) => setView({ on })}
          options={[
            { value: '', label: t('allWorkers') },
            ...workers.map((worker) => ({ value: worker, label: worker })),
          ]}
        />
        <Select
          aria-label={t('stream')}
          value={stream}
          onChange={(value) => setView({ stream: value })}
          options={[{ value: '', label: t('allStreams') }, ...STREAMS.map((value) => ({ value, label: t(value) }))]}
        />
        <Button
          icon={paused ? <Play size={14} aria-hidden /> : <Pause size={14} aria-hidden />}
          aria-pressed={paused !== null}
          onClick={() => setPaused(paused ? null : lines)}
        >
          {paused ? t('follow') : t('pause')}
        </Button>
        <span role="status" className="muted">
          {newer > 0
            ? t('paused', { n: newer })
            : found.length === held.length
              ? t('lines', { n: held.length })
              : t('linesOf', { found: found.length, all: held.length })}
        </span>
      </Toolbar>
      {error && <ErrorState error={error} onRetry={retry} />}
      {lacksBeginning && (
        <div>
          <Button look="quiet" onClick={() => void loadOlder().catch(toastError)}>
            {t('older')}
          </Button>
        </div>
      )}
      {found.length === 0 ? <p className="muted">{t('noMatch')}</p> : <Lines lines={found} follows={paused === null} />}
    </>
  );
}

function Lines({ lines, follows }: { lines: readonly LogLine[]; follows: boolean }) {
  const t = useMessages(messages);
  const frame = useRef<HTMLDivElement>(null);
  /** Who has scrolled away from the end is left where they are. */
  const atEnd = useRef(true);
  const virtualizer = useVirtualizer({
    count: lines.length,
    getScrollElement: () => frame.current,
    estimateSize: () => LINE_PX,
    getItemKey: (index) => lines[index]!.key,
    overscan: 20,
  });
  const last = lines.at(-1)?.key;
  useEffect(() => {
    if (follows && atEnd.current) virtualizer.scrollToIndex(lines.length - 1, { align: 'end' });
  }, [follows, last, lines.length, virtualizer]);
  return (
    <div
      ref={frame}
      className={styles.log}
      role="log"
      aria-live="off"
      aria-label={t('log')}
      tabIndex={0}
      onScroll={({ currentTarget: { scrollTop, clientHeight, scrollHeight } }) => {
        atEnd.current = scrollTop + clientHeight >= scrollHeight - 2 * LINE_PX;
      }}
    >
      <div className={styles.lines} style={{ height: virtualizer.getTotalSize() }}>
        {virtualizer.getVirtualItems().map((item) => (
          <div key={item.key} className={styles.item} style={{ transform: `translateY(${item.start}px)` }}>
            <Line line={lines[item.index]!} />
          </div>
        ))}
      </div>
    </div>
  );
}

const Line = memo(function Line({ line }: { line: LogLine }) {
  const language = useLanguage();
  return (
    <div className={cx(styles.line, styles[line.stream])}>
      <time className={styles.time} dateTime={new Date(line.at).toISOString()}>
        {dateText(line.at, language, 'time')}
      </time>
      <span className={styles.worker}>{line.worker}</span>
      <span className={styles.text}>
        <Ansi text={line.text} />
      </span>
    </div>
  );
});
