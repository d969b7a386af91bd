/** One step of an updater: it loads the package that is offered, and checks it. */
import { downloadPackage } from './download.ts';
import { messageOf, type Situation } from './situation.ts';

/** Rejects where the program ends meanwhile; what is loaded by then is kept, and the rest comes at the next start. */
export async function load(situation: Situation): Promise<void> {
  const { options, state, shelf, stopping, downloads, offer } = situation;
  const { source, clock, log } = options;
  const from = source();
  if (from === null || offer === null) return;
  const { manifest, package: wanted } = offer;
  const { version } = manifest;
  situation.tell({ state: 'downloading', percent: 0, problem: null, waitingFor: null });
  downloads.lastAt = clock.now();
  try {
    await downloadPackage({
      source: from,
      package: wanted,
      folder: shelf.loaded,
      clock,
      signal: stopping.signal,
      onProgress: (percent) => situation.tell({ percent }),
    });
    const { name, size, sha512 } = wanted;
    await state.change({ loaded: { version, name, size, sha512, at: clock.now() } });
    downloads.failed = 0;
    log.info({ version }, 'an update is loaded and checked');
  } catch (error) {
    stopping.signal.throwIfAborted();
    downloads.failed += 1;
    situation.asked = null;
    log.warn({ version }, messageOf(error));
    situation.fail(error);
  }
}
