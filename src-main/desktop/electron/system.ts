/** The desktop, as core/ports.ts asks for it, made of Electron. */
import type { DesktopFacts } from '../../../shared/protocol/desktop/agent.ts';
import type { DesktopConfig } from '../config.ts';
import type { System } from '../core/ports.ts';
import { DesktopRefusal } from '../core/refusal.ts';
import { crashReportsIn } from './crash-reports.ts';
import { setStartAtLogin } from './login-item.ts';
import type { ElectronParts } from './parts.ts';
import { createCipher } from './safe-storage.ts';
import type { AppTray } from './tray.ts';
import type { AppWindow } from './window.ts';

export function createSystem(
  electron: ElectronParts,
  { window, tray, config }: { window: AppWindow; tray: AppTray; config: DesktopConfig },
): System {
  const { app, safeStorage, Notification, dialog, shell, powerMonitor } = electron;
  const { platform } = config.machine;
  return {
    cipher: createCipher(safeStorage, platform),
    languages: app.getPreferredSystemLanguages(),
    timeZone: config.timeZone,
    show: (page) => window.show(page),
    tell: (name, told) => window.tell(name, told),
    draw: (view) => tray.draw(view),
    notify: ({ title, body, page }) => {
      if (!Notification.isSupported()) return;
      const notification = new Notification({ title, body });
      notification.on('click', () => window.show(page));
      notification.show();
    },
    async ask({ title, text, yes, no }) {
      // Escape and closing the question mean no.
      const { response } = await dialog.showMessageBox({
        type: 'question',
        title: 'Playfleet',
        message: title,
        detail: text,
        buttons: [yes, no],
        defaultId: 1,
        cancelId: 1,
      });
      return response === 0;
    },
    setStartAtLogin: (on) =>
      setStartAtLogin(app, on, { platform, program: config.program, autostartDir: config.autostartDir }),
    async openFolder(folder) {
      const problem = await shell.openPath(folder);
      if (problem !== '') throw new DesktopRefusal('not_opened', `${folder} could not be opened: ${problem}`);
    },
    crashes: crashReportsIn(app.getPath('crashDumps')),
    facts: () => factsOf(powerMonitor),
    isWatched: () => window.isWatched,
    exit: () => {
      tray.close();
      app.exit(0);
    },
  };
}

/** What Electron does not see (metered networks, other programs' windows) is left out, and the agent looks for itself. */
function factsOf(power: ElectronParts['powerMonitor']): DesktopFacts {
  const thermal = power.getCurrentThermalState();
  const state = power.getSystemIdleState(1);
  return {
    idleSeconds: power.getSystemIdleTime(),
    onBattery: power.isOnBatteryPower(),
    locked: state === 'unknown' ? null : state === 'locked',
    ...(thermal === 'unknown' ? {} : { thermal }),
  };
}
