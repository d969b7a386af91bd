import { useCallback, useMemo } from 'react';
import { useTestStandings } from '../fleet/metrics.ts';
import { useMessages } from '../ui/i18n.ts';
import { ChartCard, useFormat } from './chart-card.tsx';
import type { ChartContext } from './context.ts';
import { messages } from './messages.ts';
import { barsHeight, barsOption, type Look } from './options.ts';
import { isoSpan, type Span } from './range.ts';
import { testsData } from './shape.ts';
import { useWords } from './words.ts';

const MOST_TESTS = 10;
/** Each is asked on its own: those with the newest runs. */
const MOST_PROJECTS = 10;

interface TestsChartProps extends ChartContext {
  id: 'slowest' | 'flakiest';
  sort: 'slow' | 'flaky';
  /** The newest first. */
  projects: readonly string[];
  span: Span;
}

export function TestsChart({ id, sort, projects, span, asTable, onTable }: TestsChartProps) {
  const t = useMessages(messages);
  const words = useWords();
  const format = useFormat();
  const asked = projects.slice(0, MOST_PROJECTS);
  const { tests, isPending, error, refetch } = useTestStandings(asked, { ...isoSpan(span), sort, limit: MOST_TESTS });
  const waits = isPending && asked.length > 0;
  const data = useMemo(
    () => (waits ? undefined : testsData(tests, sort, MOST_TESTS, words)),
    [waits, tests, sort, words],
  );
  const shown = sort === 'slow' ? 'mean' : 'flakyRate';
  const optionOf = useCallback(
    (look: Look) => barsOption(data ?? { columns: [], rows: [] }, shown, format, look),
    [data, shown, format],
  );
  const at = data?.columns.findIndex((column) => column.id === shown) ?? -1;
  const [first] = data?.rows ?? [];
  const value = first?.cells[at];
  return (
    <ChartCard
      id={id}
      title={t(id)}
      sentence={t(`${id}Said`, {
        title: String(first?.cells[0] ?? ''),
        value: typeof value === 'number' ? format(value, sort === 'slow' ? 'duration' : 'rate') : '–',
      })}
      data={data}
      error={error}
      onRetry={refetch}
      empty={sort === 'slow' ? { title: t('testsEmpty'), command: 'npx playfleet run' } : { title: t('flakyEmpty') }}
      height={barsHeight(data ?? { columns: [], rows: [] })}
      optionOf={optionOf}
      asTable={asTable}
      onTable={onTable}
      note={
        projects.length > MOST_PROJECTS
          ? t('newestProjects', { n: MOST_PROJECTS, of: projects.length })
          : t('byDaysInUtc')
      }
    />
  );
}
