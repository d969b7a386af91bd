/** `window.playfleet`, made of whatever carries messages: one function per name of the contract, and no way to send another. */
import type { DesktopApi } from '../../../shared/protocol/desktop/api.ts';
import {
  channelOf,
  DESKTOP_API_VERSION,
  DESKTOP_ASKS,
  DESKTOP_TELLS,
  type DesktopTell,
} from '../../../shared/protocol/desktop/calls.ts';

export interface Carrier {
  invoke: (channel: string, argument: unknown) => Promise<unknown>;
  /** Returns what ends listening. */
  listen: (channel: string, listener: (told: unknown) => void) => () => void;
}

export function createPreloadApi({ invoke, listen }: Carrier): DesktopApi {
  const asks = DESKTOP_ASKS.map((name) => [name, (argument?: unknown) => invoke(channelOf(name), argument)]);
  const on = (name: DesktopTell, listener: (told: never) => void): (() => void) => {
    if (!DESKTOP_TELLS.includes(name)) throw new TypeError(`playfleet tells nothing called ${String(name)}`);
    return listen(channelOf(name), (told) => listener(told as never));
  };
  const offered = Object.fromEntries(asks) as Record<string, unknown>;
  return { version: DESKTOP_API_VERSION, ...offered, on } as unknown as DesktopApi;
}
