import { runSource, type RunSource } from '../../shared/protocol/work.ts';

/** As a run's row holds it. */
export const storedSource = (text: string | null): RunSource | null =>
  text === null ? null : runSource.parse(JSON.parse(text));
