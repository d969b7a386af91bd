import { buildAll } from '../../scripts/build.ts';

/** Tests start the real programs from their bundles, so the bundles are made fresh first. */
export default async function setup(): Promise<void> {
  await buildAll();
}
