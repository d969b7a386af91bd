/** Times and durations, in the language and the time zone of who looks. Exact times are in the tooltip and in the machine-readable attribute. */
import { useEffect, useState } from 'react';
import { dateText, durationText, relativeText } from './time-text.ts';
import { useLanguage } from './i18n.ts';

/** A moment: milliseconds since the epoch, or ISO 8601. */
export type Moment = number | string;
const ms = (at: Moment): number => (typeof at === 'number' ? at : Date.parse(at));

export function DateTime({ at }: { at: Moment }) {
  const language = useLanguage();
  const time = ms(at);
  return (
    <time dateTime={new Date(time).toISOString()} title={dateText(time, language, 'full')}>
      {dateText(time, language, 'short')}
    </time>
  );
}

/** `3 min ago`; counts on by itself. */
export function RelativeTime({ at }: { at: Moment }) {
  const language = useLanguage();
  const time = ms(at);
  const now = useNow(Math.abs(Date.now() - time) < 3_600_000 ? 10_000 : 60_000);
  return (
    <time dateTime={new Date(time).toISOString()} title={dateText(time, language, 'full')}>
      {relativeText(time, now, language)}
    </time>
  );
}

/** How long something took; with `since`, how long it has been going on, counting up. */
export function Duration({ value, since }: { value?: number | null; since?: Moment }) {
  const language = useLanguage();
  const counting = since !== undefined;
  const now = useNow(counting ? 1000 : null);
  if (counting) return <span>{durationText(Math.max(0, now - ms(since)), language, 'seconds')}</span>;
  return <span>{value == null ? '' : durationText(value, language)}</span>;
}

const tickers = new Map<number, { listeners: Set<() => void>; timer: number }>();

/** One timer for everybody who counts in the same steps: a thousand rows do not need a thousand. */
function onTick(step: number, listener: () => void): () => void {
  let ticker = tickers.get(step);
  if (!ticker) {
    const listeners = new Set<() => void>();
    const timer = window.setInterval(() => listeners.forEach((call) => call()), step);
    ticker = { listeners, timer };
    tickers.set(step, ticker);
  }
  const { listeners, timer } = ticker;
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    window.clearInterval(timer);
    tickers.delete(step);
  };
}

/** The time of now, anew every `step` milliseconds; null = it stands still. */
export function useNow(step: number | null): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (step === null) return;
    setNow(Date.now());
    return onTick(step, () => setNow(Date.now()));
  }, [step]);
  return now;
}
