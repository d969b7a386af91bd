import { ChevronLeft, ChevronRight } from 'lucide-react';
import { useNavigate } from '@tanstack/react-router';
import { useFailedTests } from '../fleet/test-detail.ts';
import { IconButton } from '../ui/button.tsx';
import { useMessages } from '../ui/i18n.ts';
import { useKeys } from '../ui/keys.ts';
import { messages } from './messages.ts';
import styles from './page.module.css';

/** From one failed test to the next: `[` and `]`. */
export function Neighbours({ run, testId }: { run: string; testId: string }) {
  const t = useMessages(messages);
  const navigate = useNavigate();
  const { data: tests = [] } = useFailedTests(run);
  const at = tests.findIndex(({ test_id }) => test_id === testId);
  const previous = at > 0 ? tests[at - 1] : undefined;
  // From a test that did not fail, the first one that did.
  const next = tests[at + 1];
  const go = (to: { test_id: string } | undefined) => {
    if (to) void navigate({ to: '/runs/$run/tests/$test', params: { run, test: to.test_id } });
  };
  useKeys({ '[': () => go(previous), ']': () => go(next) });
  if (tests.length === 0 || (tests.length === 1 && at === 0)) return null;
  return (
    <span className={styles.neighbours}>
      <IconButton
        label={t('previousFailed')}
        icon={<ChevronLeft size={16} aria-hidden />}
        disabled={!previous}
        onClick={() => go(previous)}
      />
      {at >= 0 && <span className="muted">{t('position', { at: at + 1, n: tests.length })}</span>}
      <IconButton
        label={t('nextFailed')}
        icon={<ChevronRight size={16} aria-hidden />}
        disabled={!next}
        onClick={() => go(next)}
      />
    </span>
  );
}
