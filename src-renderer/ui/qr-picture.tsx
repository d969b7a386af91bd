import { encodeQR } from 'qr';
import { useMemo } from 'react';
import styles from './qr-picture.module.css';

/** Dark on light in both themes: many readers know no other. */
export function QrPicture({ text, label }: { text: string; label: string }) {
  const { path, size } = useMemo(() => outlineOf(encodeQR(text, 'raw', { ecc: 'medium', border: 2 })), [text]);
  return (
    <svg
      className={styles.qr}
      viewBox={`0 0 ${size} ${size}`}
      role="img"
      aria-label={label}
      shapeRendering="crispEdges"
    >
      <rect width={size} height={size} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  );
}

/** Each row's dark stretches as bars. */
function outlineOf(rows: readonly (readonly boolean[])[]): { path: string; size: number } {
  let path = '';
  for (const [y, row] of rows.entries()) {
    for (let x = 0; x < row.length; x++) {
      if (row[x] !== true) continue;
      const from = x;
      while (row[x + 1] === true) x++;
      path += `M${from} ${y}h${x - from + 1}v1H${from}z`;
    }
  }
  return { path, size: rows.length };
}
