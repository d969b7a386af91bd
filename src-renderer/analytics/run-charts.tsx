import { useCallback, useMemo } from 'react';
import { useFailurePatterns, useTrends } from '../fleet/metrics.ts';
import { useLanguage, useMessages } from '../ui/i18n.ts';
import { dateText } from '../ui/time-text.ts';
import { ChartCard, useFormat } from './chart-card.tsx';
import type { RunChartProps } from './context.ts';
import { messages } from './messages.ts';
import { barsHeight, barsOption, LINES_PX, linesOption, type Look } from './options.ts';
import { bucketLabel, isoSpan } from './range.ts';
import { durationData, patternData, successData } from './shape.ts';
import { useWords } from './words.ts';

const NOTHING = { columns: [], rows: [] };

type Trends = NonNullable<ReturnType<typeof useTrends>['data']>;
type Unit = 'duration' | 'rate';

interface TrendChartProps extends RunChartProps {
  id: string;
  title: string;
  unit: Unit;
  lines: readonly string[];
  dataOf: typeof durationData;
  /** Whether the totals hold what the chart is of. */
  isKnown: (totals: Trends['totals']) => boolean;
  sentence: (totals: Trends['totals'] | undefined, said: (value: number | null | undefined) => string) => string;
}

/** Lines over time, of runs. */
function TrendChart(props: TrendChartProps) {
  const { id, title, unit, lines, dataOf, isKnown, sentence, span, zone, project, asTable, onTable } = props;
  const t = useMessages(messages);
  const words = useWords();
  const language = useLanguage();
  const format = useFormat();
  const query = {
    ...isoSpan(span),
    bucket: span.bucket,
    time_zone: zone,
    ...(project === undefined ? {} : { project }),
  };
  const { data: trends, error, refetch } = useTrends(query);
  const data = useMemo(() => {
    if (!trends || !isKnown(trends.totals)) return trends && NOTHING;
    return dataOf(trends, (from) => bucketLabel(from, span.bucket, zone, language), words);
  }, [trends, isKnown, dataOf, span.bucket, zone, language, words]);
  const optionOf = useCallback(
    (look: Look) => linesOption(data ?? NOTHING, lines, format, look),
    [data, lines, format],
  );
  return (
    <ChartCard
      id={id}
      title={title}
      sentence={sentence(trends?.totals, (value) => (value == null ? '–' : format(value, unit)))}
      data={data}
      error={error}
      onRetry={() => void refetch()}
      empty={{ title: t('runsEmpty'), command: 'npx playfleet run' }}
      height={LINES_PX}
      optionOf={optionOf}
      asTable={asTable}
      onTable={onTable}
    />
  );
}

const DURATION = {
  id: 'duration',
  unit: 'duration',
  lines: ['median', 'p95'],
  dataOf: durationData,
  isKnown: ({ p50_ms }: Trends['totals']) => p50_ms !== null,
} as const;

export function DurationChart(props: RunChartProps) {
  const t = useMessages(messages);
  return (
    <TrendChart
      {...props}
      {...DURATION}
      title={t('duration')}
      sentence={(totals, said) =>
        t('durationSaid', { n: totals?.runs ?? 0, median: said(totals?.p50_ms), p95: said(totals?.p95_ms) })
      }
    />
  );
}

const SUCCESS = {
  id: 'success',
  unit: 'rate',
  lines: ['success', 'testSuccess'],
  dataOf: successData,
  isKnown: ({ success_rate }: Trends['totals']) => success_rate !== null,
} as const;

export function SuccessChart(props: RunChartProps) {
  const t = useMessages(messages);
  return (
    <TrendChart
      {...props}
      {...SUCCESS}
      title={t('success')}
      sentence={(totals, said) =>
        t('successSaid', {
          n: totals?.runs ?? 0,
          runs: said(totals?.success_rate),
          tests: said(totals?.tests_success_rate),
        })
      }
    />
  );
}

const MOST_PATTERNS = 20;

export function FailurePatternsChart({ span, zone, project, asTable, onTable }: RunChartProps) {
  const t = useMessages(messages);
  const words = useWords();
  const language = useLanguage();
  const format = useFormat();
  const query = { ...isoSpan(span), limit: MOST_PATTERNS, ...(project === undefined ? {} : { project }) };
  const { data: patterns, error, refetch } = useFailurePatterns(query);
  const data = useMemo(
    () => patterns && patternData(patterns, (at) => dateText(Date.parse(at), language, 'short', zone), words),
    [patterns, language, zone, words],
  );
  const optionOf = useCallback((look: Look) => barsOption(data ?? NOTHING, 'failures', format, look), [data, format]);
  const [first] = patterns?.items ?? [];
  return (
    <ChartCard
      id="failures"
      title={t('failures')}
      sentence={t('failuresSaid', {
        n: patterns?.items.length ?? 0,
        title: first?.title ?? '',
        failures: first ? first.unexpected + first.flaky : 0,
        runs: first?.runs ?? 0,
      })}
      data={data}
      error={error}
      onRetry={() => void refetch()}
      empty={{ title: t('failuresEmpty') }}
      height={barsHeight(data ?? NOTHING)}
      optionOf={optionOf}
      asTable={asTable}
      onTable={onTable}
      note={t('byDaysInUtc')}
    />
  );
}
