/** What a run was told to do, what it waits for, its groups, and the tests that were taken out of it. */
import type { ReactNode } from 'react';
import { runLabel } from '../../../shared/model/run-label.ts';
import type { Run } from '../../../shared/protocol/rest/runs.ts';
import { RunStatus } from '../../parts/standing.tsx';
import { CodeBlock } from '../../ui/code-block.tsx';
import { useMessages } from '../../ui/i18n.ts';
import { Link } from '../../ui/link.tsx';
import { Facts, Section } from '../../ui/page.tsx';
import { Status, type Tone } from '../../ui/status.tsx';
import { DateTime, Duration } from '../../ui/time.tsx';
import { commandOf } from '../head/command.ts';
import styles from './details.module.css';
import { messages } from './messages.ts';

export function DetailsTab({ run }: { run: Run }) {
  return (
    <div className={styles.details}>
      <Quarantined run={run} />
      <Dependencies run={run} />
      <Groups run={run} />
      <Settings run={run} />
    </div>
  );
}

function Quarantined({ run }: { run: Run }) {
  const t = useMessages(messages);
  if (run.quarantined.length === 0) return null;
  return (
    <Section title={t('quarantined')}>
      <p className={styles.words}>{t('quarantinedWhy')}</p>
      <ul className={styles.list}>
        {run.quarantined.map((test) => (
          <li key={test.test_id}>
            <Link to="/runs/$run/tests/$test" params={{ run: run.id, test: test.test_id }}>
              {test.title}
            </Link>{' '}
            <span className="muted">
              {test.file} {test.project}
            </span>
            <ul>
              {test.incidents.map((incident, index) => (
                <li key={index}>
                  <DateTime at={incident.at} /> {incident.worker} {t(`how_${incident.how}`)}
                  {incident.reason !== null && <span className="muted"> {incident.reason}</span>}
                </li>
              ))}
            </ul>
          </li>
        ))}
      </ul>
    </Section>
  );
}

function Dependencies({ run }: { run: Run }) {
  const t = useMessages(messages);
  if (run.depends_on.length === 0) return null;
  return (
    <Section title={t('dependencies')}>
      <ul className={styles.list}>
        {run.depends_on.map((one) => (
          <li key={one.run_id}>
            <RunStatus run={one} />{' '}
            <Link to="/runs/$run" params={{ run: one.run_id }}>
              #{runLabel(one.number)} {one.name}
            </Link>{' '}
            <span className="muted">
              {t(one.on)}
              {one.met && `, ${t('met')}`}
            </span>
          </li>
        ))}
      </ul>
    </Section>
  );
}

const GROUP_TONES: Record<Run['groups'][number]['state'], Tone> = {
  waiting: 'skipped',
  running: 'running',
  passed: 'passed',
  failed: 'failed',
  skipped: 'skipped',
};

function Groups({ run }: { run: Run }) {
  const t = useMessages(messages);
  if (run.groups.length === 0) return null;
  return (
    <Section title={t('groups')}>
      <ul className={styles.list}>
        {run.groups.map((group) => (
          <li key={group.name}>
            <Status tone={GROUP_TONES[group.state]}>{t(`group_${group.state}`)}</Status> <strong>{group.name}</strong>{' '}
            <span className="muted">
              {t('groupTests', { n: group.tests })}
              {group.after.length > 0 && ` · ${t('after')} ${group.after.join(', ')}`}
              {group.reason !== null && ` · ${group.reason}`}
            </span>
          </li>
        ))}
      </ul>
    </Section>
  );
}

function Settings({ run }: { run: Run }) {
  const t = useMessages(messages);
  const { config } = run;
  const variables = Object.keys(config.env);
  const needs = Object.entries(run.requirements).map(([name, value]) => `${name} ${String(value)}`);
  const some = (label: string, value: ReactNode): readonly (readonly [string, ReactNode])[] =>
    value === undefined || value === null || value === '' || value === false ? [] : [[label, value]];
  return (
    <Section title={t('settings')}>
      <CodeBlock text={commandOf(run)} />
      <Facts
        items={[
          ...some(t('description'), run.description),
          [t('source'), <Source key="source" source={run.source} />],
          [t('kind'), run.kind === 'queue' ? t('queue') : t('shards', { n: run.total_shards })],
          ...some(t('playwright'), run.playwright_version),
          ...some(t('config'), config.config_file),
          ...some(t('arguments'), config.args.length > 0 && <code>{config.args.join(' ')}</code>),
          ...some(t('baseUrl'), config.base_url),
          ...some(t('variables'), variables.join(', ')),
          ...some(t('environment'), run.environment),
          ...some(t('requirements'), needs.join(' · ')),
          [t('priority'), run.priority],
          ...some(t('retries'), config.retries),
          ...some(t('timeout'), config.timeout !== undefined && <Duration value={config.timeout} />),
          [t('maxRetries'), run.max_retries],
          [t('taskTimeout'), <Duration key="task" value={run.task_timeout_seconds * 1000} />],
          [t('created'), <DateTime key="created" at={run.created_at} />],
          [t('id'), <code key="id">{run.id}</code>],
        ]}
      />
      {Object.keys(run.metadata).length > 0 && (
        <>
          <h3>{t('metadata')}</h3>
          <CodeBlock text={JSON.stringify(run.metadata, null, 2)} />
        </>
      )}
    </Section>
  );
}

function Source({ source }: { source: Run['source'] }) {
  const t = useMessages(messages);
  if (source === null) return t('ownFolder');
  switch (source.type) {
    case 'bundle':
      return t('bundle', { tree: source.tree.slice(0, 12) });
    case 'path':
      return t('path', { path: source.path });
    case 'git':
      return [source.url, source.ref, source.commit?.slice(0, 12), source.projectDir].filter(Boolean).join(' · ');
  }
}
