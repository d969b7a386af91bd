import type { Depot, Held } from './depot.ts';

/** The checkout in which an install was made has been given up, its folder with it. */
class GivenUp extends Error {}

/**
 * Installs through `make`, in our own checkout, or takes over with `adopt` what another checkout has installed. When that one is given up
 * in the middle, those who waited for it begin again, one of them in its own checkout.
 */
export async function shareInstall<Meta>(
  depot: Depot<Meta>,
  key: string,
  make: (dir: string, signal: AbortSignal) => Promise<Meta>,
  adopt: (held: Held<Meta>) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    const made: Promise<Meta>[] = [];
    const makeHere = (dir: string, nobodyWaits: AbortSignal): Promise<Meta> => {
      const mine = make(dir, AbortSignal.any([nobodyWaits, signal])).catch((error: unknown) => {
        throw signal.aborted ? new GivenUp('given up', { cause: error }) : error;
      });
      made.push(mine);
      return mine;
    };
    try {
      const held = await depot.use(key, makeHere, signal);
      try {
        if (made.length === 0) await adopt(held);
        return;
      } finally {
        held.release();
      }
    } catch (error) {
      if (!(error instanceof GivenUp) || signal.aborted) throw error;
    } finally {
      // Nothing may still be writing into our checkout when we leave.
      await Promise.allSettled(made);
    }
  }
}
