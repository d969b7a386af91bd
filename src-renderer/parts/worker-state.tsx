import type { Worker } from '../../shared/protocol/rest/workers.ts';
import { useMessages, type Translate } from '../ui/i18n.ts';
import { Status } from '../ui/status.tsx';
import { Tooltip } from '../ui/tooltip.tsx';
import { messages } from './worker-messages.ts';
import { saidReason, standingOf, TONE_OF, type Standing } from './worker-standing.ts';

/** A sign and a word; what was said of it is beside it where there is room, and in the tooltip. */
export function WorkerState({ worker, long = false }: { worker: Worker; long?: boolean }) {
  const t = useMessages(messages);
  const standing = standingOf(worker);
  const reason = saidReason(worker) ?? whyOf(standing, t);
  const state = <Status tone={TONE_OF[standing]}>{t(standing)}</Status>;
  if (reason === null) return state;
  if (long) {
    return (
      <span>
        {state} <span className="muted">{reason}</span>
      </span>
    );
  }
  return (
    <Tooltip text={reason}>
      <span tabIndex={0}>{state}</span>
    </Tooltip>
  );
}

function whyOf(standing: Standing, t: Translate<(typeof messages)['en']>): string | null {
  switch (standing) {
    case 'offline':
      return t('offlineWhy');
    case 'maintenance':
      return t('maintenanceWhy');
    case 'approvalWaits':
      return t('approvalWhy');
    case 'paused':
      return t('pausedWhy');
    case 'draining':
      return t('drainingWhy');
    default:
      return null;
  }
}
