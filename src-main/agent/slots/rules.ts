/**
 * The life of one attempt on this machine:
 *
 *   preparing ─prepared─► running ─ended─► closing ─closed─► closed
 *       │ └──failed─────────────────────────▲  ▲
 *       └─stop─► stopping ◄─stop── running     │
 *                    └──ended or failed────────┘
 *
 * Slots are free again when the process is gone; the attempt itself is over when its last word is on disk.
 */

/** Why an attempt is stopped before its own end, and with it the last word that the coordinator hears. */
export type StopCause =
  /** finish, how=cancelled. */
  | 'cancelled'
  /** finish, how=timeout. */
  | 'timeout'
  /** release: the owner stops the machine, or the lease is over and somebody else may have the work by now. */
  | 'givenBack'
  /** None: the coordinator has said that the grant is no longer ours. */
  | 'stale';

export interface Stop {
  cause: StopCause;
  reason: string;
  /** Nothing that still comes out of it will count: no time is left for a report to be written. */
  hard: boolean;
}

export type AttemptState =
  { at: 'preparing' } | { at: 'running' } | { at: 'stopping'; stop: Stop } | { at: 'closing' } | { at: 'closed' };

export type AttemptEvent =
  | { type: 'prepared' }
  /** It could not be prepared or started. */
  | { type: 'failed' }
  /** The process and all that it started are gone. */
  | { type: 'ended' }
  | { type: 'stop'; stop: Stop }
  /** The last word is on disk, or there is none to say. */
  | { type: 'closed' };

export type LastWord = 'finish' | 'prepareFailed' | Exclude<StopCause, 'stale'> | 'none';

export type AttemptEffect =
  | { do: 'start' }
  /** Ends the preparation or the process. */
  | { do: 'stop'; reason: string; hard: boolean }
  /** From now on nothing of it is reported. */
  | { do: 'mute' }
  | { do: 'freeSlots' }
  | { do: 'say'; word: LastWord; reason: string };

export interface Step {
  state: AttemptState;
  effects: AttemptEffect[];
}

export const FIRST_STATE: AttemptState = { at: 'preparing' };

/** Pure: what happens next. Events that no longer matter change nothing. */
export function nextStep(state: AttemptState, event: AttemptEvent): Step {
  switch (event.type) {
    case 'prepared':
      return state.at === 'preparing' ? { state: { at: 'running' }, effects: [{ do: 'start' }] } : stay(state);
    case 'failed':
      if (state.at === 'stopping') return close(wordFor(state.stop), state.stop.reason);
      return state.at === 'preparing' || state.at === 'running' ? close('prepareFailed', '') : stay(state);
    case 'ended':
      if (state.at === 'stopping') return close(wordFor(state.stop), state.stop.reason);
      return state.at === 'running' ? close('finish', '') : stay(state);
    case 'stop':
      return stopped(state, event.stop);
    case 'closed':
      return state.at === 'closing' ? { state: { at: 'closed' }, effects: [] } : stay(state);
  }
}

function stopped(state: AttemptState, stop: Stop): Step {
  const isStale = stop.cause === 'stale';
  const mute: AttemptEffect[] = isStale ? [{ do: 'mute' }] : [];
  switch (state.at) {
    case 'preparing':
    case 'running':
      return {
        state: { at: 'stopping', stop },
        effects: [...mute, { do: 'stop', reason: stop.reason, hard: stop.hard }],
      };
    case 'stopping': {
      // The first reason stays, unless the grant is not ours any more; patience can only become less.
      const isHarder = stop.hard && !state.stop.hard;
      const kept = isStale ? stop : { ...state.stop, hard: state.stop.hard || stop.hard };
      const effects = isHarder ? [...mute, { do: 'stop' as const, reason: stop.reason, hard: true }] : mute;
      return { state: { at: 'stopping', stop: kept }, effects };
    }
    case 'closing':
    case 'closed':
      return stay(state);
  }
}

function close(word: LastWord, reason: string): Step {
  return { state: { at: 'closing' }, effects: [{ do: 'freeSlots' }, { do: 'say', word, reason }] };
}

const wordFor = (stop: Stop): LastWord => (stop.cause === 'stale' ? 'none' : stop.cause);
const stay = (state: AttemptState): Step => ({ state, effects: [] });
