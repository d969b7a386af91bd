import { useProjects } from '../fleet/projects.ts';
import type { RunFilter } from '../fleet/run-filter.ts';
import { Field, Input, Select } from '../ui/field.tsx';
import { FilterInput } from '../ui/filter-input.tsx';
import { useMessages } from '../ui/i18n.ts';
import { Toolbar } from '../ui/page.tsx';
import { messages } from './messages.ts';

export const VIEW = { q: '', state: '', project: '', tag: '' };
export type View = typeof VIEW;

/** What people call a state, as the API has it. */
const STATES = {
  pending: { status: 'pending' },
  running: { status: 'running' },
  failed: { outcome: 'failed' },
  passed: { outcome: 'passed' },
  broken: { status: 'failed' },
  cancelledState: { status: 'cancelled' },
} as const satisfies Record<string, RunFilter>;
type State = keyof typeof STATES;

export function filterOf({ q, state, project, tag }: View): RunFilter {
  return {
    ...(state in STATES ? STATES[state as State] : {}),
    ...(q.trim() === '' ? {} : { search: q.trim() }),
    ...(project === '' ? {} : { project }),
    ...(tag.trim() === '' ? {} : { tag: tag.trim() }),
  };
}

export function Filters({ view, change }: { view: View; change: (part: Partial<View>) => void }) {
  const t = useMessages(messages);
  const { data: projects = [] } = useProjects();
  const names = [...new Set(projects.map(({ name }) => name))];
  // One that a link names may be gone.
  if (view.project !== '' && !names.includes(view.project)) names.push(view.project);
  return (
    <Toolbar>
      <FilterInput value={view.q} onChange={(q) => change({ q })} label={t('filter')} placeholder={t('filter')} />
      <Field label={t('state')} hideLabel>
        <Select
          value={view.state}
          onChange={(state) => change({ state })}
          options={[
            { value: '', label: t('all') },
            ...Object.keys(STATES).map((state) => ({ value: state, label: t(state as State) })),
          ]}
        />
      </Field>
      <Field label={t('project')} hideLabel>
        <Select
          value={view.project}
          onChange={(project) => change({ project })}
          options={[{ value: '', label: t('allProjects') }, ...names.map((name) => ({ value: name, label: name }))]}
        />
      </Field>
      <Field label={t('tag')} hideLabel>
        <Input
          value={view.tag}
          size={12}
          placeholder={t('tag')}
          onChange={(event) => change({ tag: event.target.value })}
        />
      </Field>
    </Toolbar>
  );
}
