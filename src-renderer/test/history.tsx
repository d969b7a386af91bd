import type { TestHistory } from '../../shared/protocol/rest/tests.ts';
import { runLabel } from '../../shared/model/run-label.ts';
import { OUTCOME_TONES } from '../parts/standing.tsx';
import { cx } from '../ui/class-names.ts';
import { Field, Select } from '../ui/field.tsx';
import { useLanguage, useMessages } from '../ui/i18n.ts';
import { Link } from '../ui/link.tsx';
import { Facts, Section, Toolbar } from '../ui/page.tsx';
import { SIGNS } from '../ui/status.tsx';
import { Duration } from '../ui/time.tsx';
import { durationText } from '../ui/time-text.ts';
import { barsOf, environmentsIn, firstFailed, workersIn } from './history-model.ts';
import styles from './history.module.css';
import { messages } from './messages.ts';

interface HistoryProps {
  history: TestHistory;
  runId: string;
  /** Id of the machine, and name of the environment, to which it is narrowed; empty: all. */
  worker: string;
  environment: string;
  onChange: (change: { machine?: string; environment?: string }) => void;
}

/** What became of the test in its last runs: a bar each, its sign for the outcome and its height for the duration. */
export function History({ history, runId, worker, environment, onChange }: HistoryProps) {
  const t = useMessages(messages);
  const language = useLanguage();
  const { results } = history;
  const workers = workersIn(results);
  const environments = environmentsIn(results);
  const bars = barsOf(results, runId, { worker, environment });
  const first = firstFailed(results, runId);
  const rate = (value: number | null) =>
    value === null ? '–' : `${(value * 100).toLocaleString(language, { maximumFractionDigits: 1 })} %`;
  const run = (number: number) => (
    <Link
      to="/runs/$run/tests/$test"
      params={{ run: String(number), test: history.test_id }}
    >{`#${runLabel(number)}`}</Link>
  );
  const facts = [
    [t('failureRate'), rate(history.failure_rate)],
    [t('flakyRate'), rate(history.flaky_rate)],
    [t('mean'), <Duration key="mean" value={history.mean_ms} />],
    [t('p95'), <Duration key="p95" value={history.p95_ms} />],
    ...(first === null ? [] : [[t('firstFailed'), run(first.number)] as const]),
    ...(history.last_changed === null ? [] : [[t('lastChanged'), run(history.last_changed.number)] as const]),
  ] as const;
  return (
    <Section title={t('history')} actions={<span className="muted">{t('counted', { n: history.counted })}</span>}>
      <div className={styles.history}>
        <div className={styles.strip}>
          {(workers.length > 1 || environments.length > 1) && (
            <Toolbar>
              {workers.length > 1 && (
                <Field label={t('machine')} hideLabel>
                  <Select
                    value={worker}
                    onChange={(machine) => onChange({ machine })}
                    options={[
                      { value: '', label: t('allMachines') },
                      ...workers.map(({ id, name }) => ({ value: id, label: name })),
                    ]}
                  />
                </Field>
              )}
              {environments.length > 1 && (
                <Field label={t('environment')} hideLabel>
                  <Select
                    value={environment}
                    onChange={(chosen) => onChange({ environment: chosen })}
                    options={[
                      { value: '', label: t('allEnvironments') },
                      ...environments.map((name) => ({ value: name, label: name === '-' ? t('noEnvironment') : name })),
                    ]}
                  />
                </Field>
              )}
            </Toolbar>
          )}
          <ol ref={newestInSight} className={styles.bars} aria-label={t('historyBars', { n: bars.length })}>
            {bars.map(({ result, height, here }) => {
              const tone = OUTCOME_TONES[result.outcome];
              const label = t('barLabel', {
                number: runLabel(result.number),
                outcome: t(result.outcome),
                duration: result.duration_ms === null ? '–' : durationText(result.duration_ms, language),
                worker: result.worker ?? '–',
              });
              return (
                <li key={result.run_id} className={styles.slot}>
                  <Link
                    className={cx(styles.bar, here && styles.here)}
                    to="/runs/$run/tests/$test"
                    params={{ run: String(result.number), test: history.test_id }}
                    aria-label={here ? `${label} (${t('here')})` : label}
                    aria-current={here ? 'page' : undefined}
                    title={label}
                  >
                    <span className={styles.column} aria-hidden>
                      <span className={cx(styles.fill, styles[tone])} style={{ height: `${8 + 92 * height}%` }} />
                    </span>
                    <span className={cx(styles.sign, styles[`${tone}Sign`])} aria-hidden>
                      {SIGNS[tone]}
                    </span>
                  </Link>
                </li>
              );
            })}
          </ol>
        </div>
        <Facts items={facts} />
        {history.workers.length > 1 && <Machines history={history} />}
      </div>
    </Section>
  );
}

const newestInSight = (list: HTMLElement | null): void => list?.scrollTo({ left: list.scrollWidth });

/** A test that fails on one machine alone points at the machine. */
function Machines({ history }: { history: TestHistory }) {
  const t = useMessages(messages);
  const items = history.workers.map(
    ({ worker_id, worker, runs, unexpected, flaky, mean_ms }) =>
      [
        <Link key={worker_id} to="/workers/$worker" params={{ worker: worker_id }}>
          {worker}
        </Link>,
        <span key={worker_id} className={styles.machine}>
          <span>{t('machineRuns', { n: runs })}</span>
          {unexpected > 0 && <span className={styles.failedSign}>{`✕ ${t('machineFailed', { n: unexpected })}`}</span>}
          {flaky > 0 && <span className={styles.flakySign}>{`▲ ${t('machineFlaky', { n: flaky })}`}</span>}
          <span className="muted">
            <Duration value={mean_ms} />
          </span>
        </span>,
      ] as const,
  );
  return (
    <div>
      <h3>{t('byMachine')}</h3>
      <Facts items={items} />
    </div>
  );
}
