import { useSyncExternalStore } from 'react';
import { shownTheme, useThemeStore } from './theme.ts';

/** Which of the two themes is shown now, also where the system decides: for what draws itself. */
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
