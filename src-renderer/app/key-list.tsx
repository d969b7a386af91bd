import { Dialog } from '../ui/dialog.tsx';
import { useMessages } from '../ui/i18n.ts';
import { Facts } from '../ui/page.tsx';
import { DESTINATIONS } from './destinations.ts';
import { messages } from './messages.ts';

/** All keys, on `?`. */
export function KeyList({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  const t = useMessages(messages);
  const pages = DESTINATIONS.flatMap(({ key, keyName }) => (key && keyName ? [[['g', key], t(keyName)] as const] : []));
  const keys = [
    [['Ctrl', 'k'], t('keyCommands')],
    [['/'], t('keyFilter')],
    [['j', 'k'], t('keyMove')],
    [['Enter'], t('keyOpen')],
    [['x'], t('keySelect')],
    ...pages,
    [['?'], t('keyList')],
  ] as const;
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title={t('keys')}>
      <Facts
        items={keys.map(([names, what]) => [
          names.map((name) => (
            <span key={name}>
              <kbd>{name}</kbd>{' '}
            </span>
          )),
          what,
        ])}
      />
    </Dialog>
  );
}
