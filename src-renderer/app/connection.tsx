import { signInAt } from '../fleet/client.ts';
import { useFleetStore } from '../fleet/store.ts';
import type { LiveState } from '../fleet/live.ts';
import { useMessages } from '../ui/i18n.ts';
import { Status, type Tone } from '../ui/status.tsx';
import { useNow } from '../ui/time.tsx';
import { Tooltip } from '../ui/tooltip.tsx';
import styles from './connection.module.css';
import { messages } from './messages.ts';

const TONES: Record<LiveState, Tone> = {
  connecting: 'skipped',
  live: 'passed',
  reconnecting: 'flaky',
  polling: 'flaky',
  signedOut: 'flaky',
};

/** How the live connection is, always in sight. */
export function Connection() {
  const t = useMessages(messages);
  const live = useFleetStore((state) => state.live);
  return (
    <Tooltip text={t(`${live}Why`)}>
      <button type="button" className={styles.connection} data-live={live}>
        <Status tone={TONES[live]}>{t(live)}</Status>
      </button>
    </Tooltip>
  );
}

/** A break shorter than this is nobody's concern. */
const UNNOTICED_MS = 3_000;

/** Says that what is shown may be old, once a break lasts. */
export function ConnectionNotice() {
  const t = useMessages(messages);
  const live = useFleetStore((state) => state.live);
  const since = useFleetStore((state) => state.liveSince);
  const broken = live === 'reconnecting' || live === 'polling';
  const now = useNow(broken ? 1000 : null);
  const shown = live === 'polling' || (broken && now - since > UNNOTICED_MS);
  if (live === 'signedOut') {
    return (
      <div role="status" className={styles.notice}>
        {t('signedOutWhy')} <a href={signInAt(location.pathname + location.search)}>{t('signIn')}</a>
      </div>
    );
  }
  return (
    <div role="status">
      {shown && <div className={styles.notice}>{live === 'polling' ? t('pollingWhy') : t('stale')}</div>}
    </div>
  );
}
