/** How much an event asks for attention. */
import type { EventType, FleetEvent } from '../../shared/protocol/events.ts';
import type { Tone } from '../ui/status.tsx';

export const LEVELS = ['info', 'warning', 'error'] as const;
export type Level = (typeof LEVELS)[number];

export const LEVEL_TONES: Record<Level, Tone> = { info: 'skipped', warning: 'flaky', error: 'failed' };

export function levelOf(event: FleetEvent): Level {
  switch (event.type) {
    case 'run.state':
      if (event.data.to === 'failed') return 'error';
      return event.data.outcome === 'failed' ? 'warning' : 'info';
    case 'run.reason':
      return event.data.reason === null ? 'info' : 'warning';
    case 'run.deadline':
      return ({ on_time: 'info', at_risk: 'warning', late: 'error' } as const)[event.data.state];
    case 'run.error':
    case 'test.quarantined':
      return 'error';
    case 'report.state':
      return event.data.state === 'failed' ? 'error' : 'info';
    case 'task.finished':
      return event.data.state === 'completed' ? 'info' : 'warning';
    case 'task.requeued':
    case 'worker.offline':
      return 'warning';
    case 'task.escalated':
      return event.data.step === 'person' ? 'error' : 'warning';
    case 'results':
      return event.data.settled.some(({ outcome }) => outcome === 'unexpected') ? 'warning' : 'info';
    case 'worker.breaker':
      return ({ closed: 'info', half_open: 'warning', open: 'error' } as const)[event.data.state];
    case 'backup.failed':
      return 'error';
    case 'coordinator.restored':
      return 'warning';
    case 'coordinator.load':
      return ({ normal: 'info', busy: 'warning', overloaded: 'error' } as const)[event.data.to];
    default:
      return 'info';
  }
}

/** Types that can be of a level or worse, so that only these need be asked for; null: all. */
export function typesAtLeast(level: Level): readonly EventType[] | null {
  if (level === 'info') return null;
  const errors: EventType[] = [
    'run.state',
    'run.deadline',
    'run.error',
    'test.quarantined',
    'report.state',
    'task.escalated',
    'worker.breaker',
    'coordinator.load',
  ];
  if (level === 'error') return errors;
  return [...errors, 'run.reason', 'task.finished', 'task.requeued', 'worker.offline', 'results'];
}

export const isAtLeast = (event: FleetEvent, level: Level): boolean =>
  LEVELS.indexOf(levelOf(event)) >= LEVELS.indexOf(level);
