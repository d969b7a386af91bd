/** Runs in the page's process, sandboxed, before the page: all that the page has of the app is what is exposed here. */
import { contextBridge, ipcRenderer, type IpcRendererEvent } from 'electron';
import { createPreloadApi } from './page/preload-api.ts';

contextBridge.exposeInMainWorld(
  'playfleet',
  createPreloadApi({
    invoke: (channel, argument) => ipcRenderer.invoke(channel, argument),
    listen: (channel, listener) => {
      // The event itself holds the way to send anything.
      const heard = (_event: IpcRendererEvent, told: unknown): void => listener(told);
      ipcRenderer.on(channel, heard);
      return () => void ipcRenderer.off(channel, heard);
    },
  }),
);
