/** Which units will probably fail, from how often their tests have failed lately: a run can begin with them. */

/** A test that has failed less than this counts as sound: once red, it takes about nine green runs. */
const LEAST = 0.05;

/**
 * The chance that at least one test of each unit fails, 0–1; 0 where nothing speaks for it. `rates`: test id → how often it has failed
 * lately, 0–1. A test without history counts as sound: on the first run of a suite the order stays longest first.
 */
export function likelihoods(
  units: readonly { testIds: readonly string[] }[],
  rates: ReadonlyMap<string, number>,
): number[] {
  return units.map(({ testIds }) => {
    const allPass = testIds.reduce((chance, id) => chance * (1 - (rates.get(id) ?? 0)), 1);
    return 1 - allPass < LEAST ? 0 : 1 - allPass;
  });
}
