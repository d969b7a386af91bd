import { memo } from 'react';
import { parseAnsi, type AnsiPart } from './parse-ansi.ts';
import styles from './ansi.module.css';
import { cx } from './class-names.ts';

/** Text of a terminal with its colours. Inline: put it into a `pre` where lines matter. */
export const Ansi = memo(function Ansi({ text }: { text: string }) {
  return parseAnsi(text).map((part, index) => {
    const name = classOf(part);
    return name === '' ? (
      part.text
    ) : (
      <span key={index} className={name}>
        {part.text}
      </span>
    );
  });
});

function classOf({ bold, dim, italic, underline, foreground, background }: AnsiPart): string {
  return cx(
    bold && styles.bold,
    dim && styles.dim,
    italic && styles.italic,
    underline && styles.underline,
    foreground !== null && styles[`f${foreground % 8}`],
    background !== null && styles[`b${background % 8}`],
  );
}
