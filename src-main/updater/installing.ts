/** One step of an updater: it puts the loaded package in the place of this program, and remembers what must be known if that goes wrong. */
import { rm } from 'node:fs/promises';
import { MOST_INSTALLS } from '../../shared/model/update-trial.ts';
import { messageOf, type Situation } from './situation.ts';

const AFTER_FAILED_INSTALL_MS = 3_600_000;

export async function install(situation: Situation): Promise<void> {
  const { options, state, shelf } = situation;
  const { version: running, installer, log } = options;
  const { loaded, trial } = state.now;
  if (loaded === null) return;
  situation.asked = null;
  const file = await shelf.wholeFile('loaded', loaded);
  if (file === null) {
    await rm(shelf.fileOf('loaded', loaded), { force: true });
    await state.change({ loaded: null });
    log.warn({ version: loaded.version }, `${loaded.name} was changed after it was loaded; it is loaded again`);
    return;
  }
  situation.tell({ state: 'installing', percent: null, waitingFor: null });
  await keepRunning(situation);
  const installs = (trial?.version === loaded.version ? trial.installs : 0) + 1;
  // On the disk before: whatever happens from here on, the next start knows.
  await state.change({
    trial: { version: loaded.version, previous: running, installs, starts: 0 },
    installRetryAt: null,
  });
  try {
    await installer.install({ file, version: loaded.version, size: loaded.size, sha512: loaded.sha512 });
  } catch (error) {
    await noteNotInstalled(situation, loaded.version, installs >= MOST_INSTALLS, messageOf(error));
    return;
  }
  log.info({ version: loaded.version, previous: running }, 'an update is installed');
  situation.end(`${loaded.version} is installed`);
}

/** Makes sure that this very version can be put back, where its package can be had. */
async function keepRunning({ options, state, shelf }: Situation): Promise<void> {
  const { version, installer } = options;
  if (state.now.kept?.version === version) return;
  const own = await installer.ownPackage();
  await state.change({ kept: own === null ? null : await shelf.keepOwn(own, version) });
}

/** `bad`: it is not tried again. */
export async function noteNotInstalled(
  situation: Situation,
  version: string,
  bad: boolean,
  why: string,
): Promise<void> {
  const { clock, log } = situation.options;
  log.warn({ version }, `an update was not installed: ${why}`);
  if (bad) await markBad(situation, version, why);
  else await situation.state.change({ installRetryAt: clock.now() + AFTER_FAILED_INSTALL_MS });
  if (bad) situation.offer = null;
  situation.tell({ state: 'failed', problem: why, waitingFor: null, percent: null });
}

/** This machine does not take it again. */
export async function markBad({ options, state }: Situation, version: string, why: string): Promise<void> {
  const bad = [...state.now.bad.filter((one) => one.version !== version), { version, why, at: options.clock.now() }];
  await state.change({ bad, trial: null, loaded: null, installRetryAt: null });
}
