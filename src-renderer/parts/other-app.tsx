/** In place of a page about this computer where the app around it is another version, or there is none. */
import type { DesktopKind } from '../fleet/desktop.ts';
import { useMessages } from '../ui/i18n.ts';
import { EmptyState } from '../ui/states.tsx';
import { messages } from './other-app-messages.ts';

export function OtherApp({ kind }: { kind: Exclude<DesktopKind, 'here'> }) {
  const t = useMessages(messages);
  return (
    <EmptyState title={t(`${kind}Title`)}>
      <p>{t(kind)}</p>
    </EmptyState>
  );
}
