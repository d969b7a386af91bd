import type { RunTotals } from '../../shared/protocol/rest/runs.ts';
import { useMessages } from '../ui/i18n.ts';
import { Progress } from '../ui/progress.tsx';
import { Count } from '../ui/status.tsx';
import { messages } from './messages.ts';
import styles from './run-counts.module.css';

/** How many tests of a run ended how: failures first, as they are what one looks for. */
export function RunCounts({ tests }: { tests: RunTotals }) {
  const t = useMessages(messages);
  return (
    <span className={styles.counts}>
      <Count tone="failed" n={tests.unexpected} label={t('unexpected')} />
      <Count tone="flaky" n={tests.flaky} label={t('flaky')} />
      <Count tone="passed" n={tests.expected} label={t('expected')} />
      <Count tone="skipped" n={tests.skipped} label={t('skipped')} />
    </span>
  );
}

/** The settled tests of all that are known, as a bar. */
export function RunProgress({ tests }: { tests: RunTotals }) {
  const t = useMessages(messages);
  const parts = [
    { tone: 'failed', n: tests.unexpected },
    { tone: 'flaky', n: tests.flaky },
    { tone: 'passed', n: tests.expected },
    { tone: 'skipped', n: tests.skipped },
  ] as const;
  return (
    <Progress parts={parts} total={tests.total} label={t('progress', { settled: tests.settled, total: tests.total })} />
  );
}
