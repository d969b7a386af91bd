/** Name, slots and projects of what this computer lends. */
import type { DesktopProblem } from '../../shared/protocol/desktop/state.ts';
import type { Lending } from '../../shared/protocol/desktop/wizard.ts';
import { Checkbox, Field, Input, TextArea } from '../ui/field.tsx';
import { useMessages } from '../ui/i18n.ts';
import styles from './lending-fields.module.css';
import { messages } from './lending-messages.ts';

/** As it is being typed. */
export interface LendingText {
  name: string;
  slots: string;
  allProjects: boolean;
  /** One a line. */
  projects: string;
}

export const textOf = ({ name, slots, projects }: Lending): LendingText => ({
  name,
  slots: String(slots),
  allProjects: projects === null,
  projects: (projects ?? []).join('\n'),
});

export const projectsIn = (text: string): string[] => [
  ...new Set(
    text
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== ''),
  ),
];

export const lendingOf = (
  { name, slots, allProjects, projects }: LendingText,
  manners: Lending['manners'],
): Lending => ({ name, slots: Number(slots), projects: allProjects ? null : projectsIn(projects), manners });

interface LendingFieldsProps {
  text: LendingText;
  onChange: (text: LendingText) => void;
  /** null: not known. */
  suggestedSlots: number | null;
  problem: Pick<DesktopProblem, 'message' | 'field'> | null;
}

export function LendingFields({ text, onChange, suggestedSlots, problem }: LendingFieldsProps) {
  const t = useMessages(messages);
  const about = (field: string) => (problem?.field === field ? problem.message : null);
  const set = (part: Partial<LendingText>) => onChange({ ...text, ...part });
  return (
    <div className={styles.fields}>
      <Field label={t('name')} hint={t('nameHint')} error={about('name')}>
        <Input value={text.name} required maxLength={200} onChange={(event) => set({ name: event.target.value })} />
      </Field>
      <Field
        label={t('slots')}
        hint={suggestedSlots === null ? t('slotsHint') : `${t('slotsHint')} ${t('suggested', { n: suggestedSlots })}`}
        error={about('slots')}
      >
        <Input
          type="number"
          min={1}
          max={1000}
          required
          value={text.slots}
          onChange={(event) => set({ slots: event.target.value })}
        />
      </Field>
      <div className={styles.projects}>
        <Checkbox
          label={t('allProjects')}
          checked={text.allProjects}
          onChange={(allProjects) => set({ allProjects })}
        />
        {!text.allProjects && (
          <Field label={t('projects')} hint={t('projectsHint')} error={about('projects')}>
            <TextArea
              value={text.projects}
              spellCheck={false}
              onChange={(event) => set({ projects: event.target.value })}
            />
          </Field>
        )}
      </div>
    </div>
  );
}
