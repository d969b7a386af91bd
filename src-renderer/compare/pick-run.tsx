import { useRuns } from '../fleet/runs.ts';
import { runLabel } from '../../shared/model/run-label.ts';
import { Field, Select } from '../ui/field.tsx';
import { useMessages } from '../ui/i18n.ts';
import { messages } from './messages.ts';

interface PickRunProps {
  label: string;
  /** What stands for no choice. */
  none: string;
  /** Number of the run; empty: none. */
  value: string;
  onChange: (number: string) => void;
  /** Only runs of this project. */
  project: string | undefined;
}

const LISTED = 100;

/** One of the newest runs. One that is older is there all the same where the address names it. */
export function PickRun({ label, none, value, onChange, project }: PickRunProps) {
  const t = useMessages(messages);
  const { runs } = useRuns(project === undefined ? {} : { project }, LISTED);
  const options = runs.map((run) => ({
    value: String(run.number),
    label: t('runOption', { number: runLabel(run.number), name: run.name }),
  }));
  const isListed = value === '' || options.some((option) => option.value === value);
  return (
    <Field label={label}>
      <Select
        value={value}
        onChange={onChange}
        options={[{ value: '', label: none }, ...(isListed ? [] : [{ value, label: `#${value}` }]), ...options]}
      />
    </Field>
  );
}
