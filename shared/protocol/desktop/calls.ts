/**
 * The names of what the desktop app offers its page, apart from their shapes (api.ts): the preload script needs the names alone, and is kept
 * as small as can be. `ask` names travel page → app and are answered; `tell` names travel app → page.
 */

/** Grows with every change that an older page would misunderstand. */
export const DESKTOP_API_VERSION = 1;

export const DESKTOP_ASKS = [
  'state',
  'pause',
  'resume',
  'manners',
  'setManners',
  'lending',
  'setLending',
  'wizard',
  'wizardDo',
  'discover',
  'addCoordinator',
  'chooseCoordinator',
  'forgetCoordinator',
  'setPreferences',
  'keepSecretsForSession',
  'checkForUpdate',
  'installUpdate',
  'setCopySecrets',
  'promote',
  'demote',
  'lookForStandIns',
  'switchTo',
  'switchHome',
  'restartPart',
  'openLogs',
  'crashes',
  'deleteCrashes',
  'quit',
] as const;
export type DesktopAsk = (typeof DESKTOP_ASKS)[number];

export const DESKTOP_TELLS = ['changed', 'wizardChanged'] as const;
export type DesktopTell = (typeof DESKTOP_TELLS)[number];

/** Of Electron's IPC; prefixed, so that no name of ours meets one of Electron's. */
export const channelOf = (name: DesktopAsk | DesktopTell): string => `playfleet:${name}`;
