/** What makes this computer hold back while its owner needs it: each reason with what it is answered with. */
import type { CpuPriority, Manners, RuleMode } from '../../shared/protocol/desktop/manners.ts';
import { Checkbox, Field, Input, Select } from '../ui/field.tsx';
import { useMessages } from '../ui/i18n.ts';
import styles from './manners-editor.module.css';
import { messages } from './manners-messages.ts';

const MODES: readonly RuleMode[] = ['off', 'fewer', 'pause'];
const PRIORITIES: readonly CpuPriority[] = ['normal', 'low', 'lowest'];
const RULES = ['userActive', 'fullScreen', 'battery', 'metered', 'foreignLoad', 'thermal'] as const;

interface MannersEditorProps {
  manners: Manners;
  onChange: (manners: Manners) => void;
}

export function MannersEditor({ manners, onChange }: MannersEditorProps) {
  const t = useMessages(messages);
  return (
    <div className={styles.editor}>
      <ul className={styles.rules}>
        {RULES.map((rule) => (
          <li key={rule} className={styles.rule}>
            <Field label={t(rule)} hint={t(`${rule}Hint`)}>
              <Select
                value={manners[rule].mode}
                onChange={(mode) => onChange({ ...manners, [rule]: { ...manners[rule], mode } })}
                options={MODES.map((mode) => ({ value: mode, label: t(mode) }))}
              />
            </Field>
            <Limit rule={rule} manners={manners} onChange={onChange} />
          </li>
        ))}
      </ul>
      <div className={styles.fields}>
        <Field label={t('fewerSlots')} hint={t('fewerSlotsHint')}>
          <WholeNumber
            least={1}
            most={1000}
            value={manners.fewer.slots}
            onChange={(slots) => onChange({ ...manners, fewer: { ...manners.fewer, slots } })}
          />
        </Field>
        <Field label={t('cpuPriority')} hint={t('cpuPriorityHint')}>
          <Priority value={manners.cpuPriority} onChange={(cpuPriority) => onChange({ ...manners, cpuPriority })} />
        </Field>
        <Field label={t('fewerPriority')}>
          <Priority
            value={manners.fewer.cpuPriority}
            onChange={(cpuPriority) => onChange({ ...manners, fewer: { ...manners.fewer, cpuPriority } })}
          />
        </Field>
        <Field label={t('whenPaused')}>
          <Select
            value={manners.whenPaused}
            onChange={(whenPaused) => onChange({ ...manners, whenPaused })}
            options={[
              { value: 'finish', label: t('finish') },
              { value: 'giveBack', label: t('giveBack') },
            ]}
          />
        </Field>
      </div>
    </div>
  );
}

function Limit({ rule, manners, onChange }: MannersEditorProps & { rule: (typeof RULES)[number] }) {
  const t = useMessages(messages);
  if (manners[rule].mode === 'off') return null;
  switch (rule) {
    case 'userActive': {
      const { userActive } = manners;
      return (
        <>
          <Field label={t('idleMinutes')}>
            <WholeNumber
              least={1}
              most={1440}
              value={Math.max(1, Math.round(userActive.idleSeconds / 60))}
              onChange={(minutes) => onChange({ ...manners, userActive: { ...userActive, idleSeconds: minutes * 60 } })}
            />
          </Field>
          <Checkbox
            label={t('notWhileLocked')}
            checked={userActive.notWhileLocked}
            onChange={(notWhileLocked) => onChange({ ...manners, userActive: { ...userActive, notWhileLocked } })}
          />
        </>
      );
    }
    case 'battery':
      return (
        <Field label={t('belowPercent')} hint={t('belowPercentHint')}>
          <WholeNumber
            least={1}
            most={100}
            value={manners.battery.belowPercent}
            onEmpty={() => onChange({ ...manners, battery: { ...manners.battery, belowPercent: null } })}
            onChange={(belowPercent) => onChange({ ...manners, battery: { ...manners.battery, belowPercent } })}
          />
        </Field>
      );
    case 'foreignLoad':
      return (
        <Field label={t('abovePercent')}>
          <WholeNumber
            least={5}
            most={100}
            value={manners.foreignLoad.abovePercent}
            onChange={(abovePercent) => onChange({ ...manners, foreignLoad: { ...manners.foreignLoad, abovePercent } })}
          />
        </Field>
      );
    case 'thermal':
      return (
        <Field label={t('thermalFrom')}>
          <Select
            value={manners.thermal.from}
            onChange={(from) => onChange({ ...manners, thermal: { ...manners.thermal, from } })}
            options={(['fair', 'serious', 'critical'] as const).map((value) => ({ value, label: t(value) }))}
          />
        </Field>
      );
    default:
      return null;
  }
}

function Priority({ value, onChange }: { value: CpuPriority; onChange: (value: CpuPriority) => void }) {
  const t = useMessages(messages);
  return (
    <Select value={value} onChange={onChange} options={PRIORITIES.map((one) => ({ value: one, label: t(one) }))} />
  );
}

interface WholeNumberProps {
  least: number;
  most: number;
  value: number | null;
  onChange: (value: number) => void;
  /** Where nothing may stand there, too. */
  onEmpty?: () => void;
}

function WholeNumber({ least, most, value, onChange, onEmpty }: WholeNumberProps) {
  return (
    <Input
      type="number"
      min={least}
      max={most}
      value={value ?? ''}
      required={onEmpty === undefined}
      onChange={({ target }) => {
        if (target.value === '') return onEmpty?.();
        const typed = Number(target.value);
        if (Number.isInteger(typed) && typed >= least && typed <= most) onChange(typed);
      }}
    />
  );
}
