import { useMemo, useState } from 'react';
import type { Worker } from '../../shared/protocol/rest/workers.ts';
import { useMachines } from '../fleet/machines.ts';
import { useMay } from '../fleet/me.ts';
import { useMessages } from '../ui/i18n.ts';
import { Table } from '../ui/table.tsx';
import { BulkBar } from './bulk-bar.tsx';
import { MachinesContext, useColumns } from './columns.tsx';
import { messages } from './messages.ts';
import { ordered, sortingOf, sortingText } from './order.ts';

interface ListProps {
  workers: readonly Worker[];
  /** Of all workers, in one order: what is typed into the filter asks for nothing anew. */
  ids: readonly string[];
  sort: string;
  onSort: (sort: string) => void;
  onOpen: (worker: Worker) => void;
}

const HOURS = 1;
const POINTS = 60;

export function List({ workers, ids, sort, onSort, onOpen }: ListProps) {
  const t = useMessages(messages);
  const columns = useColumns();
  const mayChange = useMay('maintainer');
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const sorting = useMemo(() => sortingOf(sort), [sort]);
  const rows = useMemo(() => ordered(workers, sorting), [workers, sorting]);
  const { data: machines } = useMachines(ids, HOURS, POINTS);
  const selected = rows.filter(({ id }) => chosen.has(id));
  return (
    <MachinesContext value={machines}>
      {mayChange && <BulkBar workers={selected} onClear={() => setChosen(new Set())} />}
      <Table
        keys
        label={t('title')}
        columns={columns}
        rows={rows}
        keyOf={keyOf}
        onOpen={onOpen}
        sorting={sorting}
        onSort={(next) => onSort(sortingText(next))}
        {...(mayChange ? { selection: { keys: chosen, onChange: setChosen, labelOf: nameOf } } : {})}
      />
    </MachinesContext>
  );
}

const keyOf = ({ id }: Worker): string => id;
const nameOf = ({ hostname }: Worker): string => hostname;
