import styles from './progress.module.css';
import type { Tone } from './status.tsx';

interface ProgressProps {
  /** What has come to an end, by how; the rest up to `total` is open. */
  parts: readonly { tone: Tone; n: number }[];
  total: number;
  /** Said to those who do not see it: `12 of 40 tests`. */
  label: string;
}

/** A bar in the colours of what it counts. The figures stand beside it: the bar alone is not enough. */
export function Progress({ parts, total, label }: ProgressProps) {
  const done = parts.reduce((sum, part) => sum + part.n, 0);
  const whole = Math.max(total, done, 1);
  return (
    <div
      className={styles.progress}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={whole}
      aria-valuenow={done}
    >
      {parts
        .filter((part) => part.n > 0)
        .map((part) => (
          <div key={part.tone} className={styles[part.tone]} style={{ width: `${(100 * part.n) / whole}%` }} />
        ))}
    </div>
  );
}
