/** Starting with the system's login: Electron does it on Windows and macOS, a file does it on XDG desktops. */
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { writeAtomically } from '../../agent/atomic-file.ts';
import { DesktopRefusal } from '../core/refusal.ts';
import { AUTOSTART_FILE, autostartEntry, HIDDEN_FLAG } from '../rules/login-item.ts';
import type { AppPart } from './parts.ts';

export interface LoginItemPlace {
  platform: NodeJS.Platform;
  program: string;
  autostartDir: string;
}

/** @throws DesktopRefusal that says what is in the way. */
export async function setStartAtLogin(
  app: AppPart,
  on: boolean,
  { platform, program, autostartDir }: LoginItemPlace,
): Promise<void> {
  if (platform === 'win32' || platform === 'darwin') {
    app.setLoginItemSettings({ openAtLogin: on, args: [HIDDEN_FLAG] });
    return;
  }
  const file = path.join(autostartDir, AUTOSTART_FILE);
  try {
    if (!on) return await rm(file, { force: true });
    await mkdir(autostartDir, { recursive: true });
    await writeAtomically(file, autostartEntry(program), 0o644);
  } catch (cause) {
    throw new DesktopRefusal(
      'no_login_item',
      `${file} cannot be written: ${(cause as Error).message}`,
      'startAtLogin',
      { cause },
    );
  }
}
