/** A version that was just installed is on trial until it says that it works; one that does not is replaced by the one before. */

/** How long a new version may take until it works. */
export const STARTED_WELL_MS = 90_000;
/** Starts of a new version that did not end well; at the next one the version before is put back. */
export const MOST_STARTS = 2;
/** An installation that changes nothing is not tried for ever. */
export const MOST_INSTALLS = 2;

export interface Trial {
  /** On trial, and the one that was there before. */
  version: string;
  previous: string;
  /** Begun installations of it. */
  installs: number;
  /** Starts of it that have not said that they work. */
  starts: number;
}

export type StartVerdict =
  /** Nothing is on trial, or it is over. */
  | { do: 'go_on' }
  /** Count this start, and wait for word that it works. */
  | { do: 'try'; trial: Trial }
  | { do: 'put_back'; why: string }
  /** The installation did not take; `bad`: not again. */
  | { do: 'not_installed'; bad: boolean; why: string };

/** What the start of a program of version `running` means; asked once, before anything else of it can fail. */
export function judgeStart(trial: Trial | null, running: string): StartVerdict {
  if (trial === null) return { do: 'go_on' };
  const { version, previous, installs, starts } = trial;
  if (running === version) {
    if (starts < MOST_STARTS) return { do: 'try', trial: { ...trial, starts: starts + 1 } };
    return { do: 'put_back', why: `${version} was started ${starts} times and did not come to work` };
  }
  if (running === previous) {
    const bad = installs >= MOST_INSTALLS;
    return { do: 'not_installed', bad, why: `${version} was to be installed, and ${previous} is still here` };
  }
  // Somebody has installed another one by hand.
  return { do: 'go_on' };
}

/** What a start that has not come to work in time means: it is tried once more, then the version before is put back. */
export function judgeLate({ version, starts }: Trial): 'restart' | { putBack: string } {
  if (starts < MOST_STARTS) return 'restart';
  return { putBack: `${version} did not come to work within ${STARTED_WELL_MS / 1000} s, twice` };
}
