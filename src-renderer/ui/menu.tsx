import { Ellipsis } from 'lucide-react';
import { DropdownMenu } from 'radix-ui';
import type { ReactNode } from 'react';
import { IconButton } from './button.tsx';
import { cx } from './class-names.ts';
import { useMessages } from './i18n.ts';
import styles from './menu.module.css';
import { messages } from './messages.ts';

export interface MenuItem {
  label: string;
  icon?: ReactNode;
  onSelect: () => void;
  danger?: boolean;
  disabled?: boolean;
  /** One of several of which just one is chosen. */
  checked?: boolean;
}

interface MenuProps {
  /** Groups with a line between them. */
  groups: readonly (readonly MenuItem[])[];
  /** What opens it; left out: a button with three dots. */
  trigger?: ReactNode;
  label?: string;
}

export function Menu({ groups, trigger, label }: MenuProps) {
  const t = useMessages(messages);
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>
        {trigger ?? <IconButton label={label ?? t('more')} icon={<Ellipsis size={16} aria-hidden />} />}
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className={styles.menu} align="end" sideOffset={4} collisionPadding={8}>
          {groups
            .filter((group) => group.length > 0)
            .map((group, index) => (
              <DropdownMenu.Group key={index} className={styles.group}>
                {group.map((item) => (
                  <Item key={item.label} {...item} />
                ))}
              </DropdownMenu.Group>
            ))}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

function Item({ label, icon, onSelect, danger = false, disabled = false, checked }: MenuItem) {
  const common = { className: cx(styles.item, danger && styles.danger), disabled, onSelect };
  if (checked !== undefined) {
    return (
      <DropdownMenu.CheckboxItem {...common} checked={checked}>
        <span className={styles.icon} aria-hidden>
          {checked ? '✓' : ''}
        </span>
        {label}
      </DropdownMenu.CheckboxItem>
    );
  }
  return (
    <DropdownMenu.Item {...common}>
      {icon !== undefined && <span className={styles.icon}>{icon}</span>}
      {label}
    </DropdownMenu.Item>
  );
}
