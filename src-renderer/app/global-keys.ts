/** Keys that work on every page. `g` and then a letter leads to a page. */
import { useNavigate } from '@tanstack/react-router';
import { useRef } from 'react';
import { type KeyMap, useKeys } from '../ui/keys.ts';
import { DESTINATIONS } from './destinations.ts';

/** So long `g` waits for its letter. */
const WAIT_MS = 1500;

export function useGlobalKeys({
  openPalette,
  openKeyList,
}: {
  openPalette: () => void;
  openKeyList: () => void;
}): void {
  const navigate = useNavigate();
  const began = useRef(-Infinity);
  const letters: Record<string, (event: KeyboardEvent) => void> = {};
  for (const { key, to } of DESTINATIONS) {
    if (key === undefined) continue;
    letters[key] = (event) => {
      if (event.timeStamp - began.current < WAIT_MS) void navigate({ to });
      began.current = -Infinity;
    };
  }
  const keys: KeyMap = {
    ...letters,
    g: (event) => (began.current = event.timeStamp),
    '?': openKeyList,
    'mod+k': openPalette,
  };
  useKeys(keys);
}
