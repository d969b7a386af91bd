import { useCallback, useMemo } from 'react';
import { useWorkerUse } from '../fleet/metrics.ts';
import { Select } from '../ui/field.tsx';
import { useLanguage, useMessages } from '../ui/i18n.ts';
import { ChartCard, useFormat } from './chart-card.tsx';
import type { ChartContext } from './context.ts';
import { messages } from './messages.ts';
import { barsHeight, barsOption, heatHeight, heatOption, type Look } from './options.ts';
import { isoSpan, MOST_DAYS_OF_WORKERS, workerSpan, type Span } from './range.ts';
import { heatData, spreadData, weekData } from './shape.ts';
import { useWords } from './words.ts';

interface WorkerChartProps extends ChartContext {
  span: Span;
  zone: string;
  /** A project was chosen, which does not count here. */
  filtered: boolean;
}

const NOTHING = { columns: [], rows: [] };
const COMMAND = 'npx playfleet token create --join';
const DAY_MS = 86_400_000;
/** 1970-01-05 was a Monday. */
const A_MONDAY = 4 * DAY_MS;

function useUse(span: Span, zone: string) {
  const { span: kept, cut } = workerSpan(span, Date.now());
  return { ...useWorkerUse({ ...isoSpan(kept), time_zone: zone }), cut };
}

function useNote(filtered: boolean, cut: boolean): { note?: string } {
  const t = useMessages(messages);
  const parts = [filtered ? t('allProjectsHere') : '', cut ? t('workersKept', { n: MOST_DAYS_OF_WORKERS }) : ''];
  const note = parts.filter((part) => part !== '').join(' ');
  return note === '' ? {} : { note };
}

/** Worker × hour of the day; of one worker, day of the week × hour. */
export function HeatChart(props: WorkerChartProps & { worker: string; onWorker: (id: string) => void }) {
  const { span, zone, filtered, worker, onWorker, asTable, onTable } = props;
  const t = useMessages(messages);
  const words = useWords();
  const language = useLanguage();
  const format = useFormat();
  const { data: use, error, refetch, cut } = useUse(span, zone);
  const note = useNote(filtered, cut);
  const one = use?.workers.find(({ worker_id }) => worker_id === worker);
  const data = useMemo(() => {
    if (!use) return undefined;
    if (!use.workers.some(({ heat }) => heat.some((value) => value !== null))) return NOTHING;
    const name = new Intl.DateTimeFormat(language, { weekday: 'long', timeZone: 'UTC' });
    const days = Array.from({ length: 7 }, (_, i) => name.format(A_MONDAY + i * DAY_MS));
    return one ? weekData(one.heat, days, words) : heatData(use, words);
  }, [use, one, language, words]);
  const optionOf = useCallback((look: Look) => heatOption(data ?? NOTHING, format, look), [data, format]);
  const busiest = use?.workers.toSorted((a, b) => (b.use ?? 0) - (a.use ?? 0))[0];
  return (
    <ChartCard
      id="use"
      title={t('use')}
      sentence={t('useSaid', {
        n: use?.workers.length ?? 0,
        worker: busiest?.worker ?? '–',
        use: busiest?.use == null ? '–' : format(busiest.use, 'rate'),
      })}
      data={data}
      error={error}
      onRetry={() => void refetch()}
      empty={{ title: t('workersEmpty'), command: COMMAND }}
      height={heatHeight(data ?? NOTHING)}
      optionOf={optionOf}
      asTable={asTable}
      onTable={onTable}
      {...note}
      controls={
        use &&
        use.workers.length > 0 && (
          <Select
            aria-label={t('useOf')}
            value={one ? worker : ''}
            onChange={onWorker}
            options={[
              { value: '', label: t('allWorkers') },
              ...use.workers.map(({ worker_id, worker: name }) => ({ value: worker_id, label: name })),
            ]}
          />
        )
      }
    />
  );
}

export function SpreadChart({ span, zone, filtered, asTable, onTable }: WorkerChartProps) {
  const t = useMessages(messages);
  const words = useWords();
  const format = useFormat();
  const { data: use, error, refetch, cut } = useUse(span, zone);
  const note = useNote(filtered, cut);
  const data = useMemo(() => {
    if (!use) return undefined;
    return use.workers.some(({ tasks }) => tasks > 0) ? spreadData(use, words) : NOTHING;
  }, [use, words]);
  const optionOf = useCallback((look: Look) => barsOption(data ?? NOTHING, 'share', format, look), [data, format]);
  const [first] = data?.rows ?? [];
  const share = first?.cells[1];
  return (
    <ChartCard
      id="spread"
      title={t('spread')}
      sentence={t('spreadSaid', {
        n: data?.rows.length ?? 0,
        worker: String(first?.cells[0] ?? '–'),
        share: typeof share === 'number' ? format(share, 'rate') : '–',
      })}
      data={data}
      error={error}
      onRetry={() => void refetch()}
      empty={{ title: t('spreadEmpty'), command: 'npx playfleet run' }}
      height={barsHeight(data ?? NOTHING)}
      optionOf={optionOf}
      asTable={asTable}
      onTable={onTable}
      {...note}
    />
  );
}
