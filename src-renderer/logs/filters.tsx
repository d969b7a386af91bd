import { useState } from 'react';
import { useWorkers } from '../fleet/workers.ts';
import { LEVELS } from '../parts/event-level.ts';
import { Field, Input, Select } from '../ui/field.tsx';
import { FilterInput } from '../ui/filter-input.tsx';
import { useMessages } from '../ui/i18n.ts';
import { Toolbar } from '../ui/page.tsx';
import { KINDS, type View } from './filter.ts';
import styles from './logs.module.css';
import { messages } from './messages.ts';

interface FiltersProps {
  view: View;
  onChange: (change: Partial<View>) => void;
  runError: string | null;
}

const SPAN_NAMES = { all: 'anyTime', hour: 'hour', day: 'day', week: 'week', between: 'between' } as const;

export function Filters({ view, onChange, runError }: FiltersProps) {
  const t = useMessages(messages);
  const { workers } = useWorkers();
  const kindName = (kind: (typeof KINDS)[number]) => (kind === 'run' ? t('runs') : t(kind));
  return (
    <div className={styles.filters}>
      <Toolbar>
        <FilterInput
          label={t('filter')}
          placeholder={t('filterHint')}
          value={view.text}
          onChange={(text) => onChange({ text })}
        />
      </Toolbar>
      <div className={styles.fields}>
        <Field label={t('kind')}>
          <Select
            value={view.kind}
            onChange={(kind) => onChange({ kind })}
            options={KINDS.map((kind) => ({ value: kind, label: kindName(kind) }))}
          />
        </Field>
        <Field label={t('level')}>
          <Select
            value={view.level}
            onChange={(level) => onChange({ level })}
            options={LEVELS.map((level) => ({ value: level, label: t(level) }))}
          />
        </Field>
        <Field label={t('workerOne')}>
          <Select
            value={view.worker}
            onChange={(worker) => onChange({ worker })}
            options={[
              { value: '', label: t('allWorkers') },
              ...workers.map(({ id, hostname }) => ({ value: id, label: hostname })),
            ]}
          />
        </Field>
        <Field label={t('run')} error={runError}>
          <RunInput key={view.run} run={view.run} onChange={(run) => onChange({ run })} />
        </Field>
        <Field label={t('span')}>
          <Select
            value={view.span}
            onChange={(span) => onChange({ span })}
            options={Object.entries(SPAN_NAMES).map(([value, name]) => ({ value, label: t(name) }))}
          />
        </Field>
        {view.span === 'between' && (
          <>
            <Field label={t('from')}>
              <Input
                type="datetime-local"
                value={view.from}
                onChange={(event) => onChange({ from: event.target.value })}
              />
            </Field>
            <Field label={t('to')}>
              <Input type="datetime-local" value={view.to} onChange={(event) => onChange({ to: event.target.value })} />
            </Field>
          </>
        )}
      </div>
    </div>
  );
}

/** Counts when it is whole: half a number is another run. */
function RunInput({ run, onChange }: { run: string; onChange: (run: string) => void }) {
  const t = useMessages(messages);
  const [text, setText] = useState(run);
  const done = () => onChange(text.trim().replace(/^#/, ''));
  return (
    <Input
      value={text}
      placeholder={t('runHint')}
      onChange={(event) => setText(event.target.value)}
      onBlur={done}
      onKeyDown={(event) => event.key === 'Enter' && done()}
    />
  );
}
