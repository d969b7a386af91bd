/** Promoted coordinators that stand in for the one at which a worker is enrolled: which it knows, and whether it works for one of them. */
import { z } from 'zod';
import { promotionStatement, signingKey } from '../../../shared/protocol/offline/promotion.ts';

export const awayCoordinator = z.strictObject({
  origin: z.string().min(1).max(100),
  /** Of the machine that was promoted. */
  name: z.string().min(1).max(200),
  /** Without a slash at its end. */
  url: z.url({ protocol: /^https$/ }),
  pin: z.string(),
  /** Whose word was checked; it is checked again before the worker shows its key there. */
  statement: promotionStatement,
  since: z.int(),
});
export type AwayCoordinator = z.infer<typeof awayCoordinator>;

const MOST_KNOWN = 100;

export const standIns = z.strictObject({
  /** The one that this worker enrolled at; its address and key lie in the key file. null: it has not said yet. */
  home: z.strictObject({ origin: z.string(), signingKey }).nullable(),
  away: z.array(awayCoordinator).max(MOST_KNOWN),
  /** Origin of the one of `away` that it works for; null: home. */
  active: z.string().nullable(),
  /** The key was shown to another coordinator: it is replaced when the worker is home. */
  keyShown: z.boolean(),
});
export type StandIns = z.infer<typeof standIns>;

export const NOBODY: StandIns = { home: null, away: [], active: null, keyShown: false };

/** From now on it works for this one. */
export const workFor = (before: StandIns, away: AwayCoordinator): StandIns => ({
  ...before,
  away: [...before.away.filter(({ origin }) => origin !== away.origin), away].slice(-MOST_KNOWN),
  active: away.origin,
  keyShown: true,
});

/** From now on it works for the one that it is enrolled at. */
export const workAtHome = (before: StandIns): StandIns => ({ ...before, active: null });

export const standInOf = ({ away, active }: StandIns): AwayCoordinator | null =>
  away.find(({ origin }) => origin === active) ?? null;
