import { memo, useMemo, type ReactNode } from 'react';
import type { FleetEvent } from '../../shared/protocol/events.ts';
import { stripAnsi } from '../ui/parse-ansi.ts';
import { useMessages } from '../ui/i18n.ts';
import { Sign } from '../ui/status.tsx';
import { eventMessages } from './event-messages.ts';
import { LEVEL_TONES, levelOf } from './event-level.ts';
import { eventText } from './event-text.ts';

/** The sentence of an event, with a sign where it asks for attention. */
export const EventLine = memo(function EventLine({ event }: { event: FleetEvent }): ReactNode {
  const t = useMessages(eventMessages);
  const text = useMemo(() => stripAnsi(eventText(event, t)), [event, t]);
  const level = levelOf(event);
  return (
    <span title={text}>
      {level !== 'info' && (
        <>
          <Sign tone={LEVEL_TONES[level]} />{' '}
        </>
      )}
      {text}
    </span>
  );
});
