/** Draws what rules/tray.ts decides. */
import path from 'node:path';
import type { MenuItemConstructorOptions } from 'electron';
import type { TrayAction, TrayItem, TrayView } from '../rules/tray.ts';
import type { ElectronParts, TrayPart } from './parts.ts';

export interface TrayPlace {
  iconsDir: string;
  platform: NodeJS.Platform;
}

export class AppTray {
  readonly #parts: Pick<ElectronParts, 'Tray' | 'Menu' | 'nativeImage'>;
  readonly #place: TrayPlace;
  readonly #act: (action: TrayAction) => void;
  #tray: TrayPart | null = null;
  #drawn = '';

  constructor(
    parts: Pick<ElectronParts, 'Tray' | 'Menu' | 'nativeImage'>,
    place: TrayPlace,
    act: (action: TrayAction) => void,
  ) {
    this.#parts = parts;
    this.#place = place;
    this.#act = act;
  }

  draw(view: TrayView): void {
    // An open menu closes when it is replaced.
    const text = JSON.stringify(view);
    if (text === this.#drawn) return;
    this.#drawn = text;
    const tray = (this.#tray ??= this.#make(view));
    tray.setImage(this.#image(view));
    tray.setToolTip(view.tooltip);
    if (this.#place.platform === 'darwin') tray.setTitle(view.title);
    tray.setContextMenu(this.#parts.Menu.buildFromTemplate(view.menu.map((item) => this.#item(item))));
  }

  close(): void {
    this.#tray?.destroy();
    this.#tray = null;
  }

  #make(view: TrayView): TrayPart {
    const tray = new this.#parts.Tray(this.#image(view));
    tray.on('click', () => {
      // There a click opens the menu.
      if (this.#place.platform !== 'darwin') this.#act({ do: 'open', page: null });
    });
    return tray;
  }

  #image({ icon }: TrayView) {
    // macOS draws templates in the colour of its menu bar.
    const name = this.#place.platform === 'darwin' ? `${icon}Template.png` : `tray-${icon}.png`;
    return this.#parts.nativeImage.createFromPath(path.join(this.#place.iconsDir, name));
  }

  #item(item: TrayItem): MenuItemConstructorOptions {
    switch (item.kind) {
      case 'line':
        return { type: 'separator' };
      case 'text':
        return { label: item.label, enabled: false };
      case 'choice': {
        const { label, action, checked } = item;
        const click = (): void => this.#act(action);
        return checked === undefined ? { label, click } : { label, click, type: 'checkbox', checked };
      }
    }
  }
}
