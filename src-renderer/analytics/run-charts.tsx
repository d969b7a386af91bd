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

function useTrendData({ span, zone, project }: RunChartProps) {
  const query = {
    ...isoSpan(span),
    bucket: span.bucket,
    time_zone: zone,
    ...(project === undefined ? {} : { project }),
  };
  return useTrends(query);
}

export function DurationChart(props: RunChartProps) {
  const { span, zone, asTable, onTable } = props;
  const t = useMessages(messages);
  const words = useWords();
  const language = useLanguage();
  const format = useFormat();
  const { data: trends, error, refetch } = useTrendData(props);
  const data = useMemo(() => {
    if (!trends || trends.totals.p50_ms === null) return trends && NOTHING;
    return durationData(trends, (from) => bucketLabel(from, span.bucket, zone, language), words);
  }, [trends, span.bucket, zone, language, words]);
  const optionOf = useCallback(
    (look: Look) => linesOption(data ?? NOTHING, ['median', 'p95'], format, look),
    [data, format],
  );
  const said = (value: number | null | undefined) => (value == null ? '–' : format(value, 'duration'));
  return (
    <ChartCard
      id="duration"
      title={t('duration')}
      sentence={t('durationSaid', {
        n: trends?.totals.runs ?? 0,
        median: said(trends?.totals.p50_ms),
        p95: said(trends?.totals.p95_ms),
      })}
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

export function SuccessChart(props: RunChartProps) {
  const { span, zone, asTable, onTable } = props;
  const t = useMessages(messages);
  const words = useWords();
  const language = useLanguage();
  const format = useFormat();
  const { data: trends, error, refetch } = useTrendData(props);
  const data = useMemo(() => {
    if (!trends || trends.totals.success_rate === null) return trends && NOTHING;
    return successData(trends, (from) => bucketLabel(from, span.bucket, zone, language), words);
  }, [trends, span.bucket, zone, language, words]);
  const optionOf = useCallback(
    (look: Look) => linesOption(data ?? NOTHING, ['success', 'testSuccess'], format, look),
    [data, format],
  );
  const totals = trends?.totals;
  const said = (value: number | null | undefined) => (value == null ? '–' : format(value, 'rate'));
  return (
    <ChartCard
      id="success"
      title={t('success')}
      sentence={t('successSaid', {
        n: totals?.runs ?? 0,
        runs: said(totals?.success_rate),
        tests: said(totals?.tests_success_rate),
      })}
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
