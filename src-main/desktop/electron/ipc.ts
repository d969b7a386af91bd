/** The one way by which pages ask the app: only our page, in our window, in its top frame, with one argument that fits the contract. */
import type { IpcMainInvokeEvent } from 'electron';
import type { DesktopAnswer } from '../../../shared/protocol/desktop/api.ts';
import { channelOf, DESKTOP_ASKS, type DesktopAsk } from '../../../shared/protocol/desktop/calls.ts';
import { isOurPage } from '../rules/external.ts';
import type { ElectronParts } from './parts.ts';
import type { AppWindow } from './window.ts';

const NOT_OURS: DesktopAnswer = {
  ok: false,
  problem: { code: 'not_allowed', message: 'Only the app’s own page may ask this.', field: null },
};

export function carryAsks(
  ipcMain: ElectronParts['ipcMain'],
  window: AppWindow,
  answer: (name: DesktopAsk, argument: unknown) => Promise<DesktopAnswer>,
): void {
  for (const name of DESKTOP_ASKS) {
    ipcMain.handle(channelOf(name), (event, ...given: unknown[]) =>
      isFromOurPage(event, window) && given.length <= 1 ? answer(name, given[0]) : NOT_OURS,
    );
  }
}

/** A frame that has gone meanwhile is nobody. */
function isFromOurPage({ sender, senderFrame: frame }: IpcMainInvokeEvent, window: AppWindow): boolean {
  return frame !== null && window.holds(sender) && isOurPage({ url: frame.url, isTop: frame.parent === null });
}
