import type { TestError } from '../../shared/protocol/playwright.ts';
import { Ansi } from '../ui/ansi.tsx';
import { CopyButton } from '../ui/code-block.tsx';
import { cx } from '../ui/class-names.ts';
import { useMessages } from '../ui/i18n.ts';
import { stripAnsi } from '../ui/parse-ansi.ts';
import { Sign } from '../ui/status.tsx';
import styles from './error-view.module.css';
import { messages } from './messages.ts';
import { readError, type DiffLine } from './read-error.ts';
import { wordDiff, type WordPart } from './word-diff.ts';

/** An error as one reads it: what is wrong, what was expected and came instead, where, and what led to it. */
export function ErrorView({ error, number }: { error: TestError; number: number | null }) {
  const t = useMessages(messages);
  const read = readError(error);
  return (
    <section className={styles.error} aria-label={number === null ? t('error') : t('errorNumber', { number })}>
      <div className={styles.head}>
        <h3 className={styles.title}>
          <Sign tone="failed" /> {read.title}
        </h3>
        <CopyButton text={stripAnsi(error.message)} />
      </div>
      {read.values && <Values {...read.values} />}
      {read.body !== '' && (
        <pre className={styles.text} tabIndex={0}>
          <Ansi text={read.body} />
        </pre>
      )}
      {read.diff && <Diff lines={read.diff} label={t('difference')} />}
      {error.snippet !== undefined && (
        <pre className={styles.code} tabIndex={0} aria-label={t('codeFrame')}>
          <Ansi text={error.snippet} />
        </pre>
      )}
      {read.callLog.length > 0 && (
        <details className={styles.more} open={read.callLog.length <= 12}>
          <summary>{t('callLog')}</summary>
          <pre className={styles.text} tabIndex={0}>
            {read.callLog.join('\n')}
          </pre>
        </details>
      )}
      {read.stack.length > 0 && (
        <details className={styles.more}>
          <summary>{t('stack')}</summary>
          <pre className={styles.text} tabIndex={0}>
            {read.stack.join('\n')}
          </pre>
        </details>
      )}
    </section>
  );
}

function Values({ expected, received }: { expected: string; received: string }) {
  const t = useMessages(messages);
  const { before, after } = wordDiff(expected, received);
  return (
    <dl className={styles.values}>
      <dt>{t('expectedValue')}</dt>
      <dd className={styles.expected}>
        <Words parts={before} />
      </dd>
      <dt>{t('receivedValue')}</dt>
      <dd className={styles.received}>
        <Words parts={after} />
      </dd>
    </dl>
  );
}

const SIGNS: Record<DiffLine['kind'], string> = { same: ' ', expected: '-', received: '+', gap: '' };

function Diff({ lines, label }: { lines: readonly DiffLine[]; label: string }) {
  return (
    <pre className={styles.diff} tabIndex={0} aria-label={label}>
      {lines.map((line, index) => (
        <span key={index} className={cx(styles.line, styles[line.kind])}>
          {`${SIGNS[line.kind]} `}
          <Words parts={wordsOf(lines, index)} />
          {'\n'}
        </span>
      ))}
    </pre>
  );
}

/** A line that stands alone against one other line shows which of its words differ. */
function wordsOf(lines: readonly DiffLine[], index: number): WordPart[] {
  const kind = (at: number) => lines[at]?.kind;
  const { text } = lines[index]!;
  const isPair = (at: number) =>
    kind(at) === 'expected' &&
    kind(at + 1) === 'received' &&
    kind(at - 1) !== 'expected' &&
    kind(at + 2) !== 'received';
  if (isPair(index)) return wordDiff(text, lines[index + 1]!.text).before;
  if (isPair(index - 1)) return wordDiff(lines[index - 1]!.text, text).after;
  return [{ text, changed: false }];
}

function Words({ parts }: { parts: readonly WordPart[] }) {
  return parts.map((part, index) => (part.changed ? <mark key={index}>{part.text}</mark> : part.text));
}
