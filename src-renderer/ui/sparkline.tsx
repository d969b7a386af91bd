import styles from './sparkline.module.css';

interface SparklineProps {
  /** Oldest first; null = not known then. */
  values: readonly (number | null)[];
  /** The top of the picture; left out: the largest value. */
  max?: number;
  width?: number;
  height?: number;
  /** Says what the line shows and where it ends: `CPU, 34 %`. */
  label: string;
}

/** The path of the line, broken where a value is not known. */
export function sparkPath(values: readonly (number | null)[], max: number, width: number, height: number): string {
  const step = values.length > 1 ? width / (values.length - 1) : 0;
  let path = '';
  let broken = true;
  for (const [index, value] of values.entries()) {
    if (value === null) {
      broken = true;
      continue;
    }
    const share = max > 0 ? Math.min(Math.max(value / max, 0), 1) : 0;
    path += `${broken ? 'M' : 'L'}${round(index * step)} ${round(height - share * height)}`;
    broken = false;
  }
  return path;
}

const round = (n: number): number => Math.round(n * 10) / 10;

export function Sparkline({ values, max, width = 80, height = 18, label }: SparklineProps) {
  const top = max ?? Math.max(0, ...values.filter((value) => value !== null));
  return (
    <svg
      className={styles.sparkline}
      width={width}
      height={height + 2}
      viewBox={`0 -1 ${width} ${height + 2}`}
      role="img"
    >
      <title>{label}</title>
      <path d={sparkPath(values, top, width, height)} />
    </svg>
  );
}
