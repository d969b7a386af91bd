import type { Worker } from '../../shared/protocol/rest/workers.ts';
import { Field, Input, Select } from '../ui/field.tsx';
import { useMessages } from '../ui/i18n.ts';
import { Card } from '../ui/page.tsx';
import { Choices } from './choices.tsx';
import styles from './launch.module.css';
import { EXAMPLES } from './examples.ts';
import { messages } from './messages.ts';
import type { PartProps } from './what.tsx';

const BROWSERS = ['chromium', 'firefox', 'webkit'] as const;
const PLATFORMS = [
  { name: 'linux', label: 'Linux' },
  { name: 'darwin', label: 'macOS' },
  { name: 'win32', label: 'Windows' },
] as const;

const counted = (values: readonly string[]): Map<string, number> => {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
};

/** Which machines it may go to. Numbers say how many of them there are. */
export function WorkersPart({ form, change, errorOf, workers }: PartProps & { workers: readonly Worker[] }) {
  const t = useMessages(messages);
  const tags = counted(workers.flatMap((worker) => worker.tags));
  const browsers = counted(workers.flatMap(({ capabilities }) => Object.keys(capabilities.browsers)));
  const platforms = counted(workers.map(({ capabilities }) => capabilities.platform));
  return (
    <Card title={t('where')}>
      <div className={styles.three}>
        <Choices
          legend={t('browsers')}
          hint={t('browsersHint')}
          known={BROWSERS.map((name) => ({ name, n: browsers.get(name) ?? 0 }))}
          value={form.browsers}
          error={errorOf('browsers')}
          onChange={(value) => change({ browsers: value })}
        />
        <Choices
          legend={t('platforms')}
          known={PLATFORMS.map(({ name, label }) => ({ name, label, n: platforms.get(name) ?? 0 }))}
          value={form.platforms}
          error={errorOf('platforms')}
          onChange={(value) => change({ platforms: value })}
        />
        <Choices
          legend={t('needs')}
          known={[...tags].sort((a, b) => b[1] - a[1]).map(([name, n]) => ({ name, n }))}
          value={form.needs}
          placeholder={EXAMPLES.workerTag}
          error={errorOf('needs')}
          onChange={(value) => change({ needs: value })}
        />
      </div>
    </Card>
  );
}

/** How the work is cut, and when its turn is. */
export function OrderPart({ form, change, errorOf }: PartProps) {
  const t = useMessages(messages);
  return (
    <Card title={t('order')}>
      <div className={styles.three}>
        <Field label={t('kind')} hint={form.kind === 'shards' ? t('kindShardsHint') : t('kindQueueHint')}>
          <Select
            value={form.kind}
            onChange={(kind) => change({ kind })}
            options={[
              { value: 'queue', label: t('kindQueue') },
              { value: 'shards', label: t('kindShards') },
            ]}
          />
        </Field>
        {form.kind === 'shards' ? (
          <Field label={t('shards')} error={errorOf('shards')}>
            <Input
              value={form.shards}
              inputMode="numeric"
              placeholder="4"
              onChange={(event) => change({ shards: event.target.value.trim() })}
            />
          </Field>
        ) : (
          <Field label={t('sequence')} error={errorOf('order')}>
            <Select
              value={form.order}
              onChange={(order) => change({ order })}
              options={[
                { value: 'longest_first', label: t('longestFirst') },
                { value: 'likely_failures_first', label: t('failuresFirst') },
              ]}
            />
          </Field>
        )}
        <Field label={t('priority')} hint={t('priorityHint')} error={errorOf('priority')}>
          <Input
            value={form.priority}
            inputMode="numeric"
            placeholder="100"
            onChange={(event) => change({ priority: event.target.value.trim() })}
          />
        </Field>
        <Field label={t('deadline')} hint={t('deadlineHint')} error={errorOf('deadline')}>
          <Input
            type="datetime-local"
            value={localText(form.deadline)}
            onChange={(event) => change({ deadline: isoText(event.target.value) })}
          />
        </Field>
        <Field label={t('retries')} hint={t('retriesHint')} error={errorOf('retries')}>
          <Input
            value={form.retries}
            inputMode="numeric"
            onChange={(event) => change({ retries: event.target.value.trim() })}
          />
        </Field>
      </div>
    </Card>
  );
}

/** ISO 8601 as the control has it: the clock on this reader's wall, without a zone. */
export function localText(iso: string): string {
  const at = Date.parse(iso);
  if (!Number.isFinite(at)) return '';
  const local = new Date(at - new Date(at).getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 16);
}

export function isoText(local: string): string {
  const at = new Date(local).getTime();
  return local === '' || !Number.isFinite(at) ? '' : new Date(at).toISOString();
}
