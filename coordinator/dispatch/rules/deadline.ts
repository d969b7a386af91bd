/** Deadlines: whether a run will be done in time, and how much its priority rises as the time gets short. */

export type DeadlineState = 'on_time' | 'at_risk' | 'late';

export interface DeadlineFacts {
  now: number;
  /** Milliseconds since the epoch. */
  deadline: number;
  /** Expected work that is left, in milliseconds of one slot; null where nobody knows yet. */
  remainingMs: number | null;
  /** Slots that it has, or may count on. */
  slots: number;
}

export interface Outlook {
  state: DeadlineState;
  predictedEnd: number | null;
  /** 0–500 in steps of 100, to be added to the run's priority. */
  boost: number;
}

/** A run that is late comes before ordinary ones; one that people gave 600 or more still comes first. */
export const BOOST_LIMIT = 500;
/** In steps, so that runs near each other are equal and share. */
const STEP = 100;
/** Time to spare that is never too much: expectations are not exact, and processes have to start. */
const LEAST_MARGIN_MS = 60_000;
/** Of the predicted rest. */
const MARGIN = 0.5;

/**
 * On time with enough time to spare, at risk with less, late where the predicted end is behind the deadline. The boost rises from 0 to its
 * limit while the time to spare falls from the margin to nothing.
 */
export function outlook({ now, deadline, remainingMs, slots }: DeadlineFacts): Outlook {
  const restMs = (remainingMs ?? 0) / Math.max(1, slots);
  const spareMs = deadline - now - restMs;
  const margin = Math.max(LEAST_MARGIN_MS, restMs * MARGIN);
  const shortness = Math.min(1, Math.max(0, 1 - spareMs / margin));
  return {
    state: spareMs < 0 ? 'late' : spareMs < margin ? 'at_risk' : 'on_time',
    predictedEnd: remainingMs === null ? null : Math.round(now + restMs),
    boost: Math.ceil((shortness * BOOST_LIMIT) / STEP) * STEP,
  };
}
