import { useCallback } from 'react';
import { useMessages, type PlainKey } from '../ui/i18n.ts';
import { messages } from './messages.ts';
import type { Words } from './shape.ts';

/** Heads of columns, by what they hold. */
export function useWords(): Words {
  const t = useMessages(messages);
  return useCallback((id: string) => t(`column_${id}` as PlainKey<typeof messages.en>), [t]);
}
