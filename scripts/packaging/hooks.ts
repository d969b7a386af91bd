/** What electron-builder asks while it packs (electron-builder.yml). */
import path from 'node:path';
import { Arch, type AfterPackContext } from 'electron-builder';
import { root } from '../programs.ts';
import { stageRuntime, thisMachine, type StageOptions } from './stage.ts';

/** The asar holds bundles only: no package is collected, installed or rebuilt for it. */
export const beforeBuild = (): boolean => false;

/** Makes the folder that goes beside the asar (extraResources), for the system and processor that are being packed. */
export async function beforePack({ packager, electronPlatformName, arch }: AfterPackContext): Promise<void> {
  const target = { platform: electronPlatformName, arch: Arch[arch] } as StageOptions['target'];
  const to = path.join(root, 'out/stage', `${packager.platform.buildConfigurationKey}-${target.arch}`, 'playfleet');
  await stageRuntime({ to, target, node: nodeFor(target) });
}

/**
 * This machine's pinned Node, or, for another processor, the one that PLAYFLEET_NODE_<PLATFORM>_<ARCH> names: a macOS app holds both.
 * @throws Error where it is not named.
 */
function nodeFor(target: StageOptions['target']): string {
  const here = thisMachine();
  if (here.platform === target.platform && here.arch === target.arch) return process.execPath;
  const variable = `PLAYFLEET_NODE_${target.platform}_${target.arch}`.toUpperCase();
  const named = process.env[variable];
  if (!named) throw new Error(`set ${variable} to a Node ${process.version} for ${target.platform}-${target.arch}`);
  return named;
}
