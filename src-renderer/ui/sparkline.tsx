import styles from './sparkline.module.css';

interface SparklineProps {
  /** Oldest first; null = not known then. */
  values: readonly (number | null)[];
  /** The top of the picture; left out: the largest value. */
  max?: number;
  width?: number;
  height?: number;
  /** So many unknown values in a row break the line not yet. */
  bridge?: number;
  /** Says what the line shows and where it ends: `CPU, 34 %`. */
  label: string;
}

/**
 * The path of the line: broken where more than `bridge` values in a row are not known, and a dot where one stands alone (with round caps, a line
 * of no length is one).
 */
export function sparkPath(
  values: readonly (number | null)[],
  max: number,
  width: number,
  height: number,
  bridge = 0,
): string {
  const step = values.length > 1 ? width / (values.length - 1) : 0;
  const known = values.flatMap((value, index) => (value === null ? [] : [{ value, index }]));
  const follows = (a: { index: number } | undefined, b: { index: number } | undefined): boolean =>
    a !== undefined && b !== undefined && b.index - a.index <= bridge + 1;
  return known
    .map(({ value, index }, i) => {
      const share = max > 0 ? Math.min(Math.max(value / max, 0), 1) : 0;
      const isBegun = follows(known[i - 1], known[i]);
      const isAlone = !isBegun && !follows(known[i], known[i + 1]);
      return `${isBegun ? 'L' : 'M'}${round(index * step)} ${round(height - share * height)}${isAlone ? 'h0' : ''}`;
    })
    .join('');
}

const round = (n: number): number => Math.round(n * 10) / 10;

export function Sparkline({ values, max, width = 80, height = 18, bridge = 0, label }: SparklineProps) {
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
      <path d={sparkPath(values, top, width, height, bridge)} />
    </svg>
  );
}
