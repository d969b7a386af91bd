/** The same for our tests: in a folder of its own, ended after the test, with waits that tell what was the case instead. */
import { expect, onTestFinished } from 'vitest';
import type { DesktopState } from '../../shared/protocol/desktop/state.ts';
import type { WizardState } from '../../shared/protocol/desktop/wizard.ts';
import { tempFolder } from '../support/folders.ts';
import { launchApp, RunningApp, type LaunchOptions } from './launch-app.ts';

/** A busy machine starts processes slowly. */
const PATIENCE = { timeout: 170_000, interval: 100 };

export class TestApp extends RunningApp {
  /** What a wait ends with tells what was the case instead. */
  async until(look: (state: DesktopState) => unknown): Promise<DesktopState> {
    await expect
      .poll(
        () =>
          look(this.state)
            ? 'as wanted'
            : JSON.stringify([this.state.agent, this.state.ownCoordinator, this.state.offline], null, 1),
        PATIENCE,
      )
      .toBe('as wanted');
    return this.state;
  }

  async wizardUntil(look: (wizard: WizardState) => unknown): Promise<WizardState> {
    let wizard = await this.ask('wizard');
    await expect
      .poll(async () => {
        wizard = await this.ask('wizard');
        return look(wizard)
          ? 'as wanted'
          : JSON.stringify({ ...wizard, lending: undefined }) + this.log('agent').slice(-2000);
      }, PATIENCE)
      .toBe('as wanted');
    return wizard;
  }
}

export async function startApp(options: Partial<LaunchOptions> = {}): Promise<TestApp> {
  const { electron, desktop, folder } = await launchApp({ folder: tempFolder(), ...options });
  const app = new TestApp(electron, desktop, folder);
  onTestFinished(() => app.quit());
  return app;
}

/** Goes through the wizard to its end; `link` null: alone. */
export async function setUp(app: TestApp, link: string | null, slots = 2): Promise<void> {
  await app.ask('wizardDo', { do: 'begin' });
  await app.ask('wizardDo', { do: 'choose', way: link === null ? 'alone' : 'join' });
  if (link !== null) await app.ask('wizardDo', { do: 'join', join: { by: 'link', link } });
  const { lending } = await app.wizardUntil(({ step }) => step === 'machine');
  // Whoever runs these tests may be at the keyboard, and the machine busy.
  const manners = { version: 1 as const };
  await app.ask('wizardDo', { do: 'lend', lending: { ...lending, slots, manners } });
  await app.ask('wizardDo', { do: 'agree', startAtLogin: true });
  await app.wizardUntil(({ step, problem }) => step === 'done' || problem !== null);
}
