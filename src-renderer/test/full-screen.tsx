import { X } from 'lucide-react';
import { Dialog as Radix } from 'radix-ui';
import type { KeyboardEvent, ReactNode } from 'react';
import { IconButton } from '../ui/button.tsx';
import { useMessages } from '../ui/i18n.ts';
import { messages as words } from '../ui/messages.ts';
import styles from './full-screen.module.css';

interface FullScreenProps {
  title: string;
  actions?: ReactNode;
  onClose: () => void;
  onKeyDown?: (event: KeyboardEvent) => void;
  children: ReactNode;
}

/** A dialog over all of the window, for what needs every pixel. Escape closes it. */
export function FullScreen({ title, actions, onClose, onKeyDown, children }: FullScreenProps) {
  const t = useMessages(words);
  return (
    <Radix.Root open onOpenChange={(open) => !open && onClose()}>
      <Radix.Portal>
        <Radix.Content
          className={styles.screen}
          aria-describedby={undefined}
          onKeyDown={onKeyDown}
          // The whole of it, not the first button: that would open its tooltip.
          onOpenAutoFocus={(event) => {
            event.preventDefault();
            (event.currentTarget as HTMLElement).focus();
          }}
        >
          <header className={styles.head}>
            <Radix.Title className={styles.title}>{title}</Radix.Title>
            {actions}
            <Radix.Close asChild>
              <IconButton label={t('close')} icon={<X size={16} aria-hidden />} />
            </Radix.Close>
          </header>
          <div className={styles.content}>{children}</div>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
