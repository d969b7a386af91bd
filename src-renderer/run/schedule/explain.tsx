/** Where the time of a run's slots went, in words, as a bar and as tables. */
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { Explanation, SlotTime } from '../../../shared/protocol/rest/explain.ts';
import type { Run } from '../../../shared/protocol/rest/runs.ts';
import { api } from '../../fleet/client.ts';
import { isOver } from '../../fleet/run-row.ts';
import { useLanguage, useMessages, type PlainKey } from '../../ui/i18n.ts';
import { Section } from '../../ui/page.tsx';
import { ErrorState, Skeleton } from '../../ui/states.tsx';
import { durationText } from '../../ui/time-text.ts';
import { Duration } from '../../ui/time.tsx';
import styles from './explain.module.css';
import { messages } from './messages.ts';
import { PlainTable } from './plain-table.tsx';

const AGAIN_MS = 3_000;

export function ExplainSection({ run }: { run: Run }) {
  const t = useMessages(messages);
  const over = isOver(run.status);
  const { data, error, refetch } = useQuery({
    queryKey: ['explain', run.id, over],
    queryFn: ({ signal }) => api.get<Explanation>(`/test-runs/${encodeURIComponent(run.id)}/explain`, {}, signal),
    refetchInterval: over ? false : AGAIN_MS,
    placeholderData: (before) => before,
  });
  if (!data) return error ? <ErrorState error={error} onRetry={() => void refetch()} /> : <Skeleton rows={4} />;
  if (data.slots === 0) return null;
  return (
    <Section title={t('schedule')}>
      <Words told={data} />
      <Parts told={data} />
      <Idle told={data} />
      <Workers told={data} />
      <Steals told={data} />
      <Races told={data} />
      <Requeues told={data} />
      <Surprises told={data} />
    </Section>
  );
}

function Words({ told }: { told: Explanation }) {
  const t = useMessages(messages);
  const language = useLanguage();
  const time = (ms: number) => durationText(ms, language);
  const summary = {
    time: time(told.makespan_ms),
    bound: time(told.lower_bound_ms),
    ratio: (told.ratio ?? 1).toLocaleString(language, { maximumFractionDigits: 2 }),
  };
  const longest = told.longest_unit;
  const byLongest = longest !== null && longest.ms >= told.lower_bound_ms && told.slots > 1;
  const more = told.one_more_slot;
  return (
    <div className={styles.words}>
      {!told.final && <p className="muted">{t('pending')}</p>}
      {told.ratio !== null && (
        <p>
          {told.slots === 1 ? t('summaryOne', summary) : t('summary', { ...summary, slots: told.slots })}{' '}
          {told.slots > 1 && (byLongest ? t('boundLongest', { title: longest.title }) : t('boundWork'))}
        </p>
      )}
      {more !== null && (
        <p>
          {Math.round(more.saved_ms) > 0
            ? t('moreSlot', { time: time(more.saved_ms), total: time(more.makespan_ms) })
            : t('moreSlotNothing')}
        </p>
      )}
      <p className="muted">
        {t('before', { time: time(told.before_ms) })}{' '}
        {told.overhead_per_test_ms !== null && t('overhead', { time: time(told.overhead_per_test_ms) })}
      </p>
    </div>
  );
}

type Words = PlainKey<(typeof messages)['en']>;
const PARTS: readonly { key: keyof SlotTime; label: Words; means: Words; look: string }[] = [
  { key: 'tests_ms', label: 'tests', means: 'testsMeans', look: 'tests' },
  { key: 'process_ms', label: 'process', means: 'processMeans', look: 'process' },
  { key: 'preparing_ms', label: 'preparing', means: 'preparingMeans', look: 'preparing' },
  { key: 'repeated_ms', label: 'repeated', means: 'repeatedMeans', look: 'repeated' },
  { key: 'idle_ms', label: 'idle', means: 'idleMeans', look: 'idle' },
];

const totalOf = (time: SlotTime): number => PARTS.reduce((sum, { key }) => sum + time[key], 0);

/** Each part has its own pattern, so that the bar can be read without its colours. */
function Bar({ time }: { time: SlotTime }) {
  const total = Math.max(1, totalOf(time));
  return (
    <div className={styles.bar} aria-hidden>
      {PARTS.filter(({ key }) => time[key] > 0).map(({ key, look }) => (
        <div key={key} className={styles[look]} style={{ width: `${(100 * time[key]) / total}%` }} />
      ))}
    </div>
  );
}

function Parts({ told }: { told: Explanation }) {
  const t = useMessages(messages);
  const percent = usePercent();
  const total = totalOf(told.time);
  return (
    <>
      <Bar time={told.time} />
      <PlainTable
        label={t('schedule')}
        heads={[t('part'), t('time'), t('share'), t('what')]}
        numbers={[1, 2]}
        rows={PARTS.filter(({ key }) => told.time[key] > 0).map(({ key, label, means, look }) => [
          <span key="part" className={styles.partName}>
            <span aria-hidden className={`${styles.swatch} ${styles[look]}`} />
            {t(label)}
          </span>,
          <Duration key="time" value={told.time[key]} />,
          percent(told.time[key] / total),
          t(means),
        ])}
      />
    </>
  );
}

function usePercent(): (share: number) => string {
  const language = useLanguage();
  return (share) => share.toLocaleString(language, { style: 'percent', maximumFractionDigits: 1 });
}

function Idle({ told }: { told: Explanation }) {
  const t = useMessages(messages);
  if (told.idle.length === 0) return null;
  return (
    <Part title={t('idleWhy')}>
      <PlainTable
        label={t('idleWhy')}
        heads={[t('reason'), t('time')]}
        numbers={[1]}
        rows={told.idle.map(({ why, ms }) => [t(why), <Duration key="time" value={ms} />])}
      />
    </Part>
  );
}

function Workers({ told }: { told: Explanation }) {
  const t = useMessages(messages);
  const language = useLanguage();
  return (
    <Part title={t('who')}>
      <PlainTable
        label={t('who')}
        heads={[t('worker'), t('slots'), t('speed'), t('tests'), t('time')]}
        numbers={[1, 2, 3]}
        rows={told.workers.map(({ worker, slots, speed }) => [
          worker,
          slots.length,
          speed.toLocaleString(language, { maximumFractionDigits: 2 }),
          slots.reduce((sum, slot) => sum + slot.tests, 0).toLocaleString(language),
          <Bar key="bar" time={slots.reduce<SlotTime>(added, EMPTY)} />,
        ])}
      />
    </Part>
  );
}

const EMPTY: SlotTime = { tests_ms: 0, repeated_ms: 0, process_ms: 0, preparing_ms: 0, idle_ms: 0 };
const added = (a: SlotTime, b: SlotTime): SlotTime => ({
  tests_ms: a.tests_ms + b.tests_ms,
  repeated_ms: a.repeated_ms + b.repeated_ms,
  process_ms: a.process_ms + b.process_ms,
  preparing_ms: a.preparing_ms + b.preparing_ms,
  idle_ms: a.idle_ms + b.idle_ms,
});

function Steals({ told: { steals } }: { told: Explanation }) {
  const t = useMessages(messages);
  if (steals.length === 0) return null;
  return (
    <Part title={`${t('steals')} (${steals.length})`} why={t('stealsWhy')}>
      <PlainTable
        label={t('steals')}
        heads={[t('at'), t('from'), t('to'), t('tests'), t('expected')]}
        numbers={[0, 3, 4]}
        rows={steals.map((steal) => [
          <Duration key="at" value={steal.at_ms} />,
          steal.from,
          steal.to ?? t('wonOpen'),
          steal.tests,
          <Duration key="expected" value={steal.expected_ms} />,
        ])}
      />
    </Part>
  );
}

function Races({ told: { races } }: { told: Explanation }) {
  const t = useMessages(messages);
  if (races.length === 0) return null;
  return (
    <Part title={`${t('races')} (${races.length})`} why={t('racesWhy')}>
      <PlainTable
        label={t('races')}
        heads={[t('at'), t('from'), t('to'), t('tests'), t('won')]}
        numbers={[0, 3]}
        rows={races.map((race) => [
          <Duration key="at" value={race.at_ms} />,
          race.from,
          race.to,
          race.tests,
          t(race.won === null ? 'wonOpen' : race.won ? 'wonYes' : 'wonNo'),
        ])}
      />
    </Part>
  );
}

function Requeues({ told: { requeues } }: { told: Explanation }) {
  const t = useMessages(messages);
  if (requeues.length === 0) return null;
  return (
    <Part title={`${t('requeues')} (${requeues.length})`} why={t('requeuesWhy')}>
      <PlainTable
        label={t('requeues')}
        heads={[t('at'), t('worker'), t('how'), t('reason')]}
        numbers={[0]}
        rows={requeues.map((one) => [<Duration key="at" value={one.at_ms} />, one.worker, one.ended, one.reason])}
      />
    </Part>
  );
}

function Surprises({ told: { surprises } }: { told: Explanation }) {
  const t = useMessages(messages);
  if (surprises.length === 0) return null;
  return (
    <Part title={t('surprises')} why={t('surprisesWhy')}>
      <PlainTable
        label={t('surprises')}
        heads={[t('test'), t('expected'), t('actual')]}
        numbers={[1, 2]}
        rows={surprises.map((one) => [
          one.title,
          <Duration key="expected" value={one.expected_ms} />,
          <Duration key="actual" value={one.actual_ms} />,
        ])}
      />
    </Part>
  );
}

function Part({ title, why, children }: { title: string; why?: string; children: ReactNode }) {
  return (
    <div className={styles.part}>
      <h3>{title}</h3>
      {why !== undefined && <p className="muted">{why}</p>}
      {children}
    </div>
  );
}
