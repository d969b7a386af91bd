import type { ReactNode } from 'react';
import { cx } from './class-names.ts';
import styles from './status.module.css';

/** The five ways things can stand, each with a sign, so that nothing depends on telling colours apart. */
export type Tone = 'passed' | 'failed' | 'flaky' | 'running' | 'skipped';

export const SIGNS: Record<Tone, string> = { passed: '✓', failed: '✕', flaky: '▲', running: '◌', skipped: '–' };

/** A sign and a word in the colour of the tone. */
export function Status({ tone, children }: { tone: Tone; children: ReactNode }) {
  return (
    <span className={cx(styles.status, styles[tone])}>
      <Sign tone={tone} />
      {children}
    </span>
  );
}

/** The sign alone, beside text that says the same. */
export function Sign({ tone }: { tone: Tone }) {
  return (
    <span className={cx(styles.sign, styles[tone])} aria-hidden>
      {SIGNS[tone]}
    </span>
  );
}

/** A number with its sign: `✕ 3`. Shows nothing for 0 unless `always`. `label` says what is counted, for who does not see the sign. */
export function Count({ tone, n, label, always = false }: { tone: Tone; n: number; label: string; always?: boolean }) {
  if (n === 0 && !always) return null;
  return (
    <span className={cx(styles.count, styles[tone])} title={label}>
      <span aria-hidden>{SIGNS[tone]} </span>
      {n.toLocaleString()}
      <span className="visually-hidden"> {label}</span>
    </span>
  );
}

/** A short word in a frame: a tag, a role, a browser. */
export function Badge({ tone, children }: { tone?: Tone; children: ReactNode }) {
  return <span className={cx(styles.badge, tone && styles[tone], tone && styles[`${tone}Soft`])}>{children}</span>;
}
