/** Keys of a page. Single keys count only where nobody is typing and no dialog is open; with a modifier, always. */
import { useEffect, useRef } from 'react';

export type KeyMap = Readonly<Record<string, (event: KeyboardEvent) => void>>;

/** How the key is named in a map: `j`, `?`, `Enter`, `mod+k` (Ctrl, or Cmd on a Mac). */
export function keyName(event: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey'>): string {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (event.altKey) return `alt+${key}`;
  return event.ctrlKey || event.metaKey ? `mod+${key}` : key;
}

const TYPES_INTO = 'input, textarea, select, [contenteditable="true"], [role="menu"], [role="listbox"]';
const PRESSES = 'a[href], button, summary';

function isBusy(event: KeyboardEvent, name: string): boolean {
  if (name.startsWith('mod+')) return false;
  const target = event.target instanceof Element ? event.target : null;
  if (target?.closest(TYPES_INTO)) return true;
  // Enter and Space belong to the link or button that has the focus.
  if ((name === 'Enter' || name === ' ') && target?.closest(PRESSES)) return true;
  return document.querySelector('[role="dialog"], [role="alertdialog"]') !== null;
}

/** Listens while the component is there. Handlers may be new at every rendering. */
export function useKeys(map: KeyMap, enabled = true): void {
  const latest = useRef(map);
  useEffect(() => {
    latest.current = map;
  });
  useEffect(() => {
    if (!enabled) return;
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented) return;
      const name = keyName(event);
      const handler = latest.current[name];
      if (!handler || isBusy(event, name)) return;
      event.preventDefault();
      handler(event);
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [enabled]);
}
