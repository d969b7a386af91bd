/** Short notes at the edge of the screen: what was done, with a way back where there is one, or what went wrong. */
import { Toaster as Sonner, toast } from 'sonner';
import 'sonner/dist/styles.css';
import { say, useLanguageStore } from './i18n.ts';
import { messages } from './messages.ts';
import { useThemeStore } from './theme.ts';

/** Around the whole app, once. */
export function Toaster() {
  const theme = useThemeStore((state) => state.theme);
  return <Sonner theme={theme} position="bottom-right" closeButton visibleToasts={4} />;
}

/** Something was done; `undo` takes it back. */
export function toastDone(text: string, undo?: () => void): void {
  const { language } = useLanguageStore.getState();
  const label = say(messages[language].undo, {}, language);
  toast.success(text, undo ? { action: { label, onClick: undo }, duration: 8000 } : {});
}

/** It did not work; the error says why and what to do. */
export function toastError(error: unknown): void {
  toast.error(error instanceof Error ? error.message : String(error), { duration: 10_000 });
}
