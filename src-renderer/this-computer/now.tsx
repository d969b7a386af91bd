/** What this computer does at this moment and why, and pausing it. */
import { Pause, Play } from 'lucide-react';
import { useState } from 'react';
import { whyInWords } from '../../shared/model/manners-words.ts';
import type { DesktopState } from '../../shared/protocol/desktop/state.ts';
import { change } from '../fleet/desktop.ts';
import { ComputerState } from '../parts/computer-state.tsx';
import { ownTimeZone } from '../ui/time-text.ts';
import { Button } from '../ui/button.tsx';
import { useLanguage, useMessages } from '../ui/i18n.ts';
import { Menu } from '../ui/menu.tsx';
import { Card, Facts } from '../ui/page.tsx';
import { Duration, useNow } from '../ui/time.tsx';
import { toastError } from '../ui/toast.tsx';
import { messages } from './messages.ts';
import styles from './this-computer.module.css';

/** Its owner's own pause; what else holds it back is not ended by a button. */
const isPausedByOwner = ({ agent }: DesktopState): boolean =>
  agent.status?.why.some(({ reason }) => reason === 'owner') === true;

export function PauseButtons({ state }: { state: DesktopState }) {
  const t = useMessages(messages);
  const [busy, setBusy] = useState(false);
  const once = (doing: Promise<void>) => {
    setBusy(true);
    void doing.catch(toastError).finally(() => setBusy(false));
  };
  if (state.agent.status === null) return null;
  if (isPausedByOwner(state)) {
    return (
      <Button look="primary" icon={<Play size={14} aria-hidden />} busy={busy} onClick={() => once(change('resume'))}>
        {t('resume')}
      </Button>
    );
  }
  const pause = (how: 'hour' | 'until_tomorrow' | 'until_resumed') => once(change('pause', { for: how }));
  return (
    <Menu
      trigger={
        <Button icon={<Pause size={14} aria-hidden />} busy={busy}>
          {t('pause')}
        </Button>
      }
      groups={[
        [
          { label: t('pauseHour'), onSelect: () => pause('hour') },
          { label: t('pauseTomorrow'), onSelect: () => pause('until_tomorrow') },
          { label: t('pauseResumed'), onSelect: () => pause('until_resumed') },
        ],
      ]}
    />
  );
}

export function Now({ state }: { state: DesktopState }) {
  const t = useMessages(messages);
  const language = useLanguage();
  const now = useNow(60_000);
  const { status } = state.agent;
  const active = state.coordinators.find((one) => one.active);
  const words = { language, timeZone: ownTimeZone(), now };
  return (
    <div className={styles.stack}>
      <Card>
        <p className={styles.sentence} role="status">
          <ComputerState state={state} />
        </p>
        {status !== null && status.why.length > 1 && (
          <ul className={styles.reasons} aria-label={t('also')}>
            {status.why.slice(1).map((why) => (
              <li key={why.reason}>{t('alsoWhy', { why: whyInWords(why, words) })}</li>
            ))}
          </ul>
        )}
        <Facts
          items={[
            [t('worksFor'), active ? active.name : t('nobody')],
            ...(status === null
              ? []
              : ([
                  [t('calledThere'), status.worker],
                  [
                    t('slots'),
                    t('slotsOf', { busy: status.slots.busy, lent: status.slots.lent, total: status.slots.total }),
                  ],
                ] as const)),
          ]}
        />
      </Card>
      <section className={styles.stack}>
        <h2>{t('tests')}</h2>
        {status === null || status.tests.length === 0 ? (
          <p className="muted">{t('noTests')}</p>
        ) : (
          <ul className={styles.tests}>
            {status.tests.map(({ run, title, since }) => (
              <li key={`${run} ${title} ${since}`}>
                <span className={styles.test}>{title}</span>
                <span className="muted">
                  <Duration since={since} />
                </span>
              </li>
            ))}
          </ul>
        )}
      </section>
    </div>
  );
}
