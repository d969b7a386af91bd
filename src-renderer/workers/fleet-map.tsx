import { memo, useMemo } from 'react';
import type { Team } from '../../shared/protocol/rest/people.ts';
import type { Worker } from '../../shared/protocol/rest/workers.ts';
import { SlotCells } from '../parts/slot-cells.tsx';
import { systemName } from '../parts/units.ts';
import { WorkerState } from '../parts/worker-state.tsx';
import { Field, Select } from '../ui/field.tsx';
import { useMessages } from '../ui/i18n.ts';
import { Link } from '../ui/link.tsx';
import { Section } from '../ui/page.tsx';
import { grouped, GROUPINGS, type Group, type Grouping } from './groups.ts';
import { messages } from './messages.ts';
import styles from './workers.module.css';

interface FleetMapProps {
  workers: readonly Worker[];
  by: string;
  onGroup: (by: Grouping) => void;
  teams: readonly Team[];
}

/** All machines as what they are made of: one cell per slot. */
export function FleetMap({ workers, by, onGroup, teams }: FleetMapProps) {
  const t = useMessages(messages);
  const grouping = GROUPINGS.find((one) => one === by) ?? 'platform';
  const groups = useMemo(() => grouped(workers, grouping), [workers, grouping]);
  const titleOf = ({ key }: Group): string => {
    if (grouping === 'tag') return key ?? t('groupNoTag');
    if (grouping === 'team') return key === null ? t('all') : (teams.find(({ id }) => id === key)?.name ?? key);
    return systemName(key ?? '');
  };
  return (
    <div className={styles.map}>
      <Field label={t('groupBy')}>
        <Select
          value={grouping}
          onChange={onGroup}
          className={styles.groupBy}
          options={GROUPINGS.map((value) => ({ value, label: t(value) }))}
        />
      </Field>
      {groups.map((group) => (
        <Section
          key={group.key ?? ''}
          title={titleOf(group)}
          actions={
            <span className="muted">
              {t('groupFigures', { busy: group.busy, slots: group.slots, machines: group.workers.length })}
            </span>
          }
        >
          <ul className={styles.machines}>
            {group.workers.map((worker) => (
              <Machine key={worker.id} worker={worker} />
            ))}
          </ul>
        </Section>
      ))}
    </div>
  );
}

const Machine = memo(function Machine({ worker }: { worker: Worker }) {
  return (
    <li className={styles.machine}>
      <Link to="/workers/$worker" params={{ worker: worker.id }} className={styles.machineName}>
        {worker.hostname}
      </Link>
      <SlotCells worker={worker} />
      <WorkerState worker={worker} />
    </li>
  );
});
