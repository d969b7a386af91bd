import { cx } from '../../ui/class-names.ts';
import { useMessages } from '../../ui/i18n.ts';
import { Sign } from '../../ui/status.tsx';
import styles from './chips.module.css';
import type { Filter } from './filter.ts';
import { TONES } from './lines.tsx';
import { messages } from './messages.ts';
import type { Standing } from './row.ts';

const TERMS: Record<Standing, string> = {
  unexpected: 's:failed',
  flaky: 's:flaky',
  running: 's:running',
  open: 's:open',
  expected: 's:passed',
  skipped: 's:skipped',
};

interface ChipsProps {
  counts: Readonly<Record<Standing, number>>;
  filter: Filter;
  onToggle: (term: string) => void;
}

/** How many tests stand how; each puts itself into the filter, and takes itself out again. */
export function Chips({ counts, filter, onToggle }: ChipsProps) {
  const t = useMessages(messages);
  const chosen = new Set(
    filter.terms.filter(({ kind, not }) => kind === 'state' && !not).map(({ value }) => `s:${value}`),
  );
  return (
    <div className={styles.chips}>
      {(Object.keys(TERMS) as Standing[])
        .filter((standing) => counts[standing] > 0 || chosen.has(TERMS[standing]))
        .map((standing) => {
          const on = chosen.has(TERMS[standing]);
          return (
            <button
              key={standing}
              type="button"
              aria-pressed={on}
              className={cx(styles.chip, on && styles.on)}
              onClick={() => onToggle(TERMS[standing])}
            >
              {standing === 'open' ? <span aria-hidden>·</span> : <Sign tone={TONES[standing]} />}
              {counts[standing].toLocaleString()} {t(standing)}
            </button>
          );
        })}
    </div>
  );
}
