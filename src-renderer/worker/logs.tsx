import { useEffect, useRef, useState } from 'react';
import type { FleetEvent } from '../../shared/protocol/events.ts';
import type { Worker } from '../../shared/protocol/rest/workers.ts';
import { onFleetEvents } from '../fleet/store.ts';
import { Ansi } from '../ui/ansi.tsx';
import { Button } from '../ui/button.tsx';
import { cx } from '../ui/class-names.ts';
import { useMessages } from '../ui/i18n.ts';
import { Section } from '../ui/page.tsx';
import { messages } from './messages.ts';
import styles from './worker.module.css';

type LogEvent = Extract<FleetEvent, { type: 'run.log' }>;
interface Piece {
  key: number;
  stream: LogEvent['data']['stream'];
  text: string;
}

/** Pieces that are kept; older ones are in the logs of their run. */
const MOST = 2_000;

/** The output of everything that it runs, as it comes. */
export function Logs({ worker }: { worker: Worker }) {
  const t = useMessages(messages);
  const [paused, setPaused] = useState(false);
  const pieces = useOutput(worker.id, paused);
  const end = useRef<HTMLPreElement>(null);
  useEffect(() => {
    const box = end.current;
    if (box && box.scrollHeight - box.scrollTop - box.clientHeight < 200) box.scrollTop = box.scrollHeight;
  }, [pieces]);
  return (
    <Section
      title={t('logsFollow')}
      actions={
        <Button aria-pressed={paused} onClick={() => setPaused(!paused)}>
          {t(paused ? 'logsResume' : 'logsPause')}
        </Button>
      }
    >
      {pieces.length === 0 ? (
        <p className="muted">{t('logsEmpty')}</p>
      ) : (
        <pre className={styles.output} ref={end} tabIndex={0} aria-label={t('logsFollow')}>
          {pieces.map(({ key, stream, text }) => (
            <span key={key} className={cx(stream !== 'stdout' && styles[stream])}>
              <Ansi text={text} />
            </span>
          ))}
        </pre>
      )}
    </Section>
  );
}

/** What came while it was not paused; what comes meanwhile is kept and shown afterwards. */
function useOutput(workerId: string, paused: boolean): readonly Piece[] {
  const [shown, setShown] = useState<readonly Piece[]>([]);
  const all = useRef<Piece[]>([]);
  const count = useRef(0);
  useEffect(() => {
    setShown(all.current);
    return onFleetEvents((events) => {
      const mine = events.filter((event) => event.type === 'run.log' && event.worker_id === workerId) as LogEvent[];
      if (mine.length === 0) return;
      const fresh = mine.map(({ data }) => ({ key: count.current++, ...data }));
      all.current = [...all.current, ...fresh].slice(-MOST);
      if (!paused) setShown(all.current);
    });
  }, [workerId, paused]);
  return shown;
}
