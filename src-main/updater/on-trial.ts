/** The trial of a version that was just installed, as it is carried out by that version itself (rules: shared/model/update-trial.ts). */
import { judgeLate, judgeStart, STARTED_WELL_MS } from '../../shared/model/update-trial.ts';
import { markBad, noteNotInstalled } from './installing.ts';
import { messageOf, type Situation } from './situation.ts';

export class OnTrial {
  readonly #situation: Situation;
  #cancel = (): void => undefined;

  constructor(situation: Situation) {
    this.#situation = situation;
  }

  /** At the start of a program. Whether this program goes on: false where the version before was put back. */
  async begin(): Promise<boolean> {
    const { options, state } = this.#situation;
    const { version, clock } = options;
    const verdict = judgeStart(state.now.trial, version);
    switch (verdict.do) {
      case 'go_on':
        if (state.now.trial !== null) await state.change({ trial: null });
        return true;
      case 'not_installed':
        await noteNotInstalled(this.#situation, state.now.trial?.version ?? '', verdict.bad, verdict.why);
        return true;
      case 'put_back':
        return !(await this.#putBack(verdict.why));
      case 'try': {
        const { trial } = verdict;
        await state.change({ trial });
        this.#cancel = clock.after(STARTED_WELL_MS, () => {
          const late = judgeLate(trial);
          if (late === 'restart')
            this.#situation.end(`${version} did not come to work in time; it is started once more`);
          else void this.#putBack(late.putBack).catch((error: unknown) => this.#situation.fail(error));
        });
        return true;
      }
    }
  }

  /** The program works: the trial is over, and its package is the one that is put back from now on. */
  async passed(): Promise<void> {
    const { options, state, shelf } = this.#situation;
    const { trial, loaded } = state.now;
    if (trial?.version !== options.version) return;
    this.#cancel();
    options.log.info({ version: trial.version, previous: trial.previous }, 'the new version works');
    const kept = loaded?.version === trial.version ? await shelf.keep(shelf.fileOf('loaded', loaded), loaded) : null;
    await state.change({ trial: null, loaded: null, kept });
    await shelf.tidy(kept);
  }

  /** The program ends: nothing is decided of it any more. */
  stop(): void {
    this.#cancel();
  }

  /** Installs the version before. False where there is none to be had: then this one has to do. */
  async #putBack(why: string): Promise<boolean> {
    const { options, state, shelf } = this.#situation;
    const { installer, log } = options;
    const { trial, kept } = state.now;
    if (trial === null) return false;
    const { version, previous } = trial;
    await markBad(this.#situation, version, why);
    const file = kept?.version === previous ? await shelf.wholeFile('kept', kept) : null;
    if (kept === null || file === null) {
      const mend = `${previous} is not kept on this machine: install it by hand`;
      log.warn({ version, previous }, `${why}. ${mend}`);
      this.#situation.tell({ state: 'failed', problem: `${why}. ${mend}` });
      return false;
    }
    try {
      await installer.install({ file, version: kept.version, size: kept.size, sha512: kept.sha512 });
    } catch (error) {
      log.warn({ version, previous }, `${why}; the version before could not be put back: ${messageOf(error)}`);
      const problem = `${why}; ${previous} could not be put back: ${messageOf(error)}`;
      this.#situation.tell({ state: 'failed', problem });
      return false;
    }
    log.warn({ version, previous }, `${why}: ${previous} is put back`);
    this.#situation.end(`${previous} is put back`);
    return true;
  }
}
