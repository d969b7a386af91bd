import type { FleetEvent } from '../../shared/protocol/events.ts';
import { eventKey } from '../fleet/events.ts';
import { EventLine } from '../parts/event-line.tsx';
import { CodeBlock, CopyButton } from '../ui/code-block.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { useMessages } from '../ui/i18n.ts';
import { DateTime } from '../ui/time.tsx';
import { messages } from './messages.ts';

/** All that an event says. Its address leads here again. */
export function Detail({ event, onClose }: { event: FleetEvent; onClose: () => void }) {
  const t = useMessages(messages);
  const address = new URL(location.href);
  address.searchParams.set('event', eventKey(event));
  return (
    <Dialog open wide onOpenChange={onClose} title={event.type} description={<DateTime at={event.at} />}>
      <p>
        <EventLine event={event} />
      </p>
      <CodeBlock text={JSON.stringify(event, null, 2)} label={t('event')} />
      <div>
        <CopyButton text={address.href}>{t('copyLink')}</CopyButton>
      </div>
    </Dialog>
  );
}
