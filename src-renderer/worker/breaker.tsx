import type { Worker } from '../../shared/protocol/rest/workers.ts';
import { useMayIn } from '../fleet/access.ts';
import { resetBreaker } from '../fleet/worker-changes.ts';
import { Button } from '../ui/button.tsx';
import { useMessages } from '../ui/i18n.ts';
import { Sign, type Tone } from '../ui/status.tsx';
import { RelativeTime } from '../ui/time.tsx';
import { toastDone, toastError } from '../ui/toast.tsx';
import { messages } from './messages.ts';

const TONES: Record<Worker['breaker']['state'], Tone> = { closed: 'passed', half_open: 'flaky', open: 'failed' };
const WORDS = { closed: 'breakerClosed', half_open: 'breakerHalfOpen', open: 'breakerOpen' } as const;

export function Breaker({ worker }: { worker: Worker }) {
  const t = useMessages(messages);
  const may = useMayIn();
  const { state, reason, next_try_at: next, openings } = worker.breaker;
  const reset = () =>
    resetBreaker(worker.id).then(() => toastDone(t('breakerResetDone', { name: worker.hostname })), toastError);
  return (
    <>
      <Sign tone={TONES[state]} /> {t(WORDS[state])}
      {reason !== null && state !== 'closed' && <div>{reason}</div>}
      {next !== null && state === 'open' && (
        <div className="muted">
          {t('breakerNextTry')} <RelativeTime at={next} />
          {openings > 0 && `, ${t('breakerOpenings', { n: openings })}`}
        </div>
      )}
      {state !== 'closed' && may(worker, 'maintainer') && (
        <div>
          <Button onClick={() => void reset()}>{t('breakerReset')}</Button>
        </div>
      )}
    </>
  );
}
