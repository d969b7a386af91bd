/** What keeps new work from beginning on this machine, besides what the owner has said in the settings of its hours. */
import type { Grant, MachineMetrics } from '../../shared/protocol/work.ts';

const MB = 1024 * 1024;
/** With less free disk than this, nothing new is begun. */
const LEAST_DISK_BYTES = 500 * MB;

/** The machine works for another coordinator: nothing new here, and what runs here goes on. */
export interface Elsewhere {
  /** For people, here and on the coordinator. */
  reason: string;
}

export class Restraints {
  /** What this machine does for another coordinator than this one. */
  elsewhere: Elsewhere | null = null;
  /** Why somebody else wants nothing new, for as long as they say so. */
  heldBack: string | null = null;
  /** Where the disk is nearly full, in words. */
  disk: string | null = null;

  /** `folder`: for the words. */
  noteDisk({ disk_free_bytes: free }: MachineMetrics, folder: string): void {
    const isFull = free !== null && free < LEAST_DISK_BYTES;
    this.disk = isFull ? `less than ${LEAST_DISK_BYTES / MB} MB are free on the disk of ${folder}` : null;
  }

  /** Why this worker is to be paused; null: it is not. `outbox`: its trouble; `manners`: of the owner's hours and the like. */
  pause({ outbox, manners }: { outbox: string | null; manners: string | null }): string | null {
    return this.elsewhere?.reason ?? outbox ?? this.disk ?? this.heldBack ?? manners;
  }
}

/** The owner's own word, whatever the coordinator knows of it. `grant` undefined: asked in general. */
export function whyNotAllowed(allowed: readonly string[] | null, grant: Grant | undefined): string | null {
  if (allowed === null || grant === undefined || allowed.includes(grant.project ?? '')) return null;
  return `the owner of this machine lets only these projects run: ${allowed.join(', ') || 'none'}`;
}
