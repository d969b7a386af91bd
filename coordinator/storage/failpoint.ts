/**
 * Named places where a fault run lets this process die, as if the power had gone just there. Nothing happens unless one was armed at the
 * start (PLAYFLEET_FAILPOINT), which nobody does but `npm run faults`.
 */
import process from 'node:process';

export const FAILPOINTS = [
  /** Everything of a group is written, nothing committed. */
  'before-commit',
  /** Committed; nobody was told. */
  'after-commit',
  /** The bytes of a blob are in place, its row is not. */
  'before-blob-row',
  /** A migration has run, its transaction is open. */
  'in-migration',
] as const;

export type FailpointName = (typeof FAILPOINTS)[number];

export interface Failpoint {
  name: FailpointName;
  /** Which passage of it is the last, from 1. */
  passage: number;
}

let armed: Failpoint | null = null;

export function armFailpoint(failpoint: Failpoint): void {
  armed = { ...failpoint };
}

export function failpoint(name: FailpointName): void {
  if (armed === null || armed.name !== name || --armed.passage > 0) return;
  process.kill(process.pid, 'SIGKILL');
}
