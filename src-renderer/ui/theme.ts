/** Dark, light, or as the system has it. The choice is an attribute of the document that tokens.css reads; index.html sets it first. */
import { create } from 'zustand';
import { readKept, writeKept } from './kept.ts';

export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

const KEPT = 'playfleet.theme';

export const useThemeStore = create<{ theme: Theme; choose: (theme: Theme) => void }>((set) => ({
  theme: THEMES.find((theme) => theme === readKept(KEPT)) ?? 'system',
  choose: (theme) => {
    writeKept(KEPT, theme === 'system' ? null : theme);
    if (theme === 'system') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    set({ theme });
  },
}));

/** Which of the two is shown, for what cannot read CSS (charts). */
export function shownTheme(theme: Theme): 'light' | 'dark' {
  if (theme !== 'system') return theme;
  return matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
}
