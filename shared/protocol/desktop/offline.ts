/** The time without the coordinator, as the desktop app tells its page of it: standing in for it, following who does, and coming home. */
import { z } from 'zod';
import { homecoming, lack } from '../offline/promotion.ts';
import { partState } from './part-state.ts';

/** Milliseconds since the epoch. */
const at = z.int().min(0);

/** What this computer keeps of the active coordinator, so that it can stand in for it. */
export const copyFacts = z.object({
  /** When it was last as new as the coordinator. */
  at,
  /** Tests that it knows. */
  tests: z.int().min(0),
  /** Values of secrets are in it, closed. */
  secrets: z.boolean(),
  /** When the coordinator's word that this computer may stand in for it ends. */
  until: at,
  /** Why the last refresh failed; null where it did not. */
  problem: z.string().nullable(),
  /** Where its key lies: in the system's safe storage, or in a file beside it. */
  key: z.enum(['safe', 'file']),
});
export type CopyFacts = z.infer<typeof copyFacts>;

/** This computer in its coordinator's place. */
export const ownPromotion = z.object({
  /** Of the coordinator that it stands in for. */
  name: z.string(),
  part: partState,
  /** Bringing everything home was asked for. */
  ending: z.boolean(),
  /** null until it has begun to listen. */
  shown: z
    .object({
      /** On this computer. */
      url: z.string(),
      /** Under which others reach it, the best first. */
      addresses: z.array(z.string()),
      lacks: z.array(lack),
    })
    .nullable(),
  /** As it says of itself; null until it was asked. */
  about: z.object({ since: at, copiedAt: at, secrets: z.boolean(), homecoming }).nullable(),
});
export type OwnPromotion = z.infer<typeof ownPromotion>;

/** What was last brought home from here. */
export const broughtHome = z.object({
  /** Of the coordinator that has it. */
  name: z.string(),
  at,
  /** By kind, as both sides have counted. */
  counts: z.record(z.string(), z.int()),
  /** Over all of it, the same on both sides. */
  hash: z.string(),
  /** That people must look at there. */
  conflicts: z.int().min(0),
  /** What this computer had kept of it. */
  deleted: z.boolean(),
});
export type BroughtHome = z.infer<typeof broughtHome>;

/** Another machine that has proven to stand in for the active coordinator. */
export const standIn = z.object({
  name: z.string(),
  /** `https://host:port` */
  address: z.string(),
});
export type StandIn = z.infer<typeof standIn>;

export const offlineView = z.object({
  /** null: this computer keeps none, and cannot stand in. */
  copy: copyFacts.nullable(),
  /** Its owner lets values of secrets into it. They come where an admin permits it, too; `copy` says whether they are there. */
  copySecrets: z.boolean(),
  promotion: ownPromotion.nullable(),
  home: broughtHome.nullable(),
  /** Who stands in for the active coordinator, where the agent works for it; null: it works for that itself. */
  follows: standIn.extend({ since: at }).nullable(),
  /** Whom it could follow, as far as was looked. */
  standIns: z.array(standIn),
});
export type OfflineView = z.infer<typeof offlineView>;
