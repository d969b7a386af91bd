/** The same change of many things: a few at a time, each on its own, so that one that is refused stops no other. */

const AT_ONCE = 6;

export interface BulkResult<R> {
  done: R[];
  errors: Error[];
}

export async function inBulk<T, R>(things: readonly T[], change: (thing: T) => Promise<R>): Promise<BulkResult<R>> {
  const result: BulkResult<R> = { done: [], errors: [] };
  const waiting = [...things];
  const work = async (): Promise<void> => {
    for (let thing = waiting.shift(); thing !== undefined; thing = waiting.shift()) {
      try {
        result.done.push(await change(thing));
      } catch (error) {
        result.errors.push(error instanceof Error ? error : new Error(String(error)));
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return result;
}
