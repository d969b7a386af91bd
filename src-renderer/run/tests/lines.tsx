/** Lines of the list of tests: heads of groups, and tests. Drawn anew only when what they show has changed. */
import { ChevronDown, ChevronRight } from 'lucide-react';
import { memo } from 'react';
import { cx } from '../../ui/class-names.ts';
import { useMessages } from '../../ui/i18n.ts';
import { Link } from '../../ui/link.tsx';
import { stripAnsi } from '../../ui/parse-ansi.ts';
import { Badge, Count, Sign, type Tone } from '../../ui/status.tsx';
import { Duration } from '../../ui/time.tsx';
import type { GroupHead } from './arrange.ts';
import styles from './lines.module.css';
import { messages } from './messages.ts';
import { standingOfTest, type Standing, type TestRow } from './row.ts';
import type { NewFailures } from './use-new-failures.ts';

export const TONES: Record<Standing, Tone> = {
  unexpected: 'failed',
  flaky: 'flaky',
  expected: 'passed',
  skipped: 'skipped',
  running: 'running',
  open: 'skipped',
};
const OPEN_SIGN = '·';

/** The sign of how a test stands; the word is beside it for who does not see it. */
function Standing({ standing }: { standing: Standing }) {
  const t = useMessages(messages);
  return (
    <>
      {standing === 'open' ? (
        <span className={styles.openSign} aria-hidden>
          {OPEN_SIGN}
        </span>
      ) : (
        <Sign tone={TONES[standing]} />
      )}
      <span className="visually-hidden">{t(standing)}: </span>
    </>
  );
}

interface TestLineProps {
  row: TestRow;
  runId: string;
  marked: boolean;
  /** undefined: there is nothing to select for. */
  selected: boolean | undefined;
  isNew: boolean;
  index: number;
  onToggle: (id: string) => void;
}

export const TestLineView = memo(function TestLineView(props: TestLineProps) {
  const { row, runId, marked, selected, isNew, index, onToggle } = props;
  const t = useMessages(messages);
  const standing = standingOfTest(row);
  return (
    <div
      role="row"
      aria-rowindex={index + 1}
      className={cx(styles.line, marked && styles.marked, selected && styles.selected)}
    >
      {selected !== undefined && (
        <div role="cell" className={styles.box}>
          <input
            type="checkbox"
            checked={selected}
            disabled={row.supporting}
            aria-label={`${t('select')}: ${row.title}`}
            onChange={() => onToggle(row.id)}
          />
        </div>
      )}
      <div role="cell" className={styles.title}>
        <Standing standing={standing} />
        <Link to="/runs/$run/tests/$test" params={{ run: runId, test: row.id }} preload={false} className={styles.link}>
          {row.title}
        </Link>
        {row.supporting && <Badge>{t('supporting')}</Badge>}
        {isNew && (
          <span className={styles.new} aria-hidden>
            {'●'}
          </span>
        )}
        {row.tags
          .filter((tag) => !row.title.includes(tag))
          .map((tag) => (
            <span key={tag} className={styles.tag}>
              {tag}
            </span>
          ))}
      </div>
      <div role="cell" className={styles.where} title={`${row.file}:${row.line}`}>
        {row.file}:{row.line}
      </div>
      <div role="cell" className={styles.project}>
        {row.project}
      </div>
      <div role="cell" className={styles.worker}>
        {row.worker}
      </div>
      <div role="cell" className={styles.attempts}>
        {row.attempts > 1 && <span title={t('attempts', { n: row.attempts })}>×{row.attempts}</span>}
      </div>
      <div role="cell" className={styles.duration}>
        {row.since === null ? <Duration value={row.durationMs} /> : <Duration since={row.since} />}
      </div>
    </div>
  );
});

interface HeadLineProps {
  head: GroupHead;
  marked: boolean;
  index: number;
  newFailures: NewFailures | null;
  onToggle: (key: string) => void;
}

/** Of a cluster also the beginning of one of its errors. */
export const HeadLineView = memo(function HeadLineView({ head, marked, index, newFailures, onToggle }: HeadLineProps) {
  const t = useMessages(messages);
  const standing = head.rows[0] ? standingOfTest(head.rows[0]) : 'open';
  const title = head.kind === 'standing' ? t(`title_${standing}`) : head.title;
  const excerpt = head.kind === 'error' ? excerptOf(head.rows[0]) : null;
  const workers = new Set(head.kind === 'error' ? head.rows.map(({ worker }) => worker) : []);
  const [onlyWorker = null] = workers.size === 1 && head.rows.length > 2 ? workers : [];
  return (
    <div role="row" aria-rowindex={index + 1} className={cx(styles.head, marked && styles.marked)}>
      <div role="cell" className={styles.headCell}>
        <button
          type="button"
          className={styles.headButton}
          aria-expanded={head.open}
          aria-label={`${title}. ${t(head.open ? 'closeGroup' : 'openGroup')}`}
          title={title}
          onClick={() => onToggle(head.key)}
        >
          {head.open ? <ChevronDown size={14} aria-hidden /> : <ChevronRight size={14} aria-hidden />}
          <span className={styles.headTitle}>{title}</span>
        </button>
        <span className={styles.counts}>
          {(Object.keys(TONES) as Standing[]).map((one) =>
            one === 'open' ? (
              head.counts.open > 0 && (
                <span key={one} className="muted" title={t('open')}>
                  {OPEN_SIGN} {head.counts.open}
                </span>
              )
            ) : (
              <Count key={one} tone={TONES[one]} n={head.counts[one]} label={t(one)} />
            ),
          )}
          <NewBadge head={head} newFailures={newFailures} />
          {onlyWorker !== null && <Badge>{onlyWorker}</Badge>}
        </span>
        {excerpt !== null && <div className={styles.excerpt}>{excerpt}</div>}
      </div>
    </div>
  );
});

function NewBadge({ head, newFailures }: { head: GroupHead; newFailures: NewFailures | null }) {
  const t = useMessages(messages);
  if (head.kind !== 'error' || newFailures === null) return null;
  const fresh = head.rows.filter(({ id }) => newFailures.testIds.has(id)).length;
  if (fresh === 0) return null;
  const number = String(newFailures.since);
  return (
    <Badge tone="failed">
      {fresh === head.rows.length ? t('newSince', { number }) : t('newSome', { count: fresh, number })}
    </Badge>
  );
}

const EXCERPT_LINES = 4;

/** What the error says behind its first line, which the title tells of already. */
function excerptOf(row: TestRow | undefined): string | null {
  const text = stripAnsi(row?.error ?? row?.note ?? '');
  const lines = text.split('\n').map((line) => line.trim());
  const [first, ...more] = lines.filter((line) => line !== '');
  return more.length === 0 ? (first ?? null) : more.slice(0, EXCERPT_LINES).join('  ');
}
