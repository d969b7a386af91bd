/** The colours of the page for what draws itself; read anew when they change. */
import { useSyncExternalStore } from 'react';
import { shownTheme, useThemeStore } from '../../ui/theme.ts';
import type { Look } from './draw.ts';

/** Which of the two themes is shown now, also where the system decides. */
export function useShownTheme(): 'light' | 'dark' {
  const theme = useThemeStore((state) => state.theme);
  return useSyncExternalStore(
    (changed) => {
      const dark = matchMedia('(prefers-color-scheme: dark)');
      dark.addEventListener('change', changed);
      return () => dark.removeEventListener('change', changed);
    },
    () => shownTheme(theme),
  );
}

export function readLook(element: Element): Look {
  const style = getComputedStyle(element);
  const token = (name: string) => style.getPropertyValue(`--${name}`).trim();
  const failed = token('failed');
  return {
    text: token('text'),
    muted: token('muted'),
    line: token('line'),
    soft: token('soft'),
    hover: token('hover'),
    bg: token('bg'),
    focus: token('link'),
    font: `12px ${style.fontFamily}`,
    status: {
      passed: token('passed'),
      failed,
      timedOut: failed,
      interrupted: token('flaky'),
      skipped: token('line-strong'),
    },
    running: token('running'),
    race: token('flaky'),
  };
}
