/** How a desktop that follows the XDG standard starts the app when its owner logs in: a file in `~/.config/autostart`. */

export const AUTOSTART_FILE = 'playfleet.desktop';

/** Started by the system, the app stays in the tray. */
export const HIDDEN_FLAG = '--hidden';

/** `program`: absolute, of the AppImage or the installed binary. */
export function autostartEntry(program: string): string {
  return [
    '[Desktop Entry]',
    'Type=Application',
    'Name=Playfleet',
    'Comment=Lends this computer for Playwright tests in the hours that you set',
    `Exec=${quoted(program)} ${HIDDEN_FLAG}`,
    'Icon=playfleet',
    'Terminal=false',
    'X-GNOME-Autostart-enabled=true',
    '',
  ].join('\n');
}

/** As the standard wants arguments of Exec: within quotes, with a backslash before what a shell reads, and %% for %. */
function quoted(program: string): string {
  const escaped = program
    .replaceAll(/(["`$\\])/g, '\\$1')
    .replaceAll('\\', '\\\\')
    .replaceAll('%', '%%');
  return `"${escaped}"`;
}
