import { useMessages } from '../ui/i18n.ts';
import { Facts } from '../ui/page.tsx';
import { messages } from './messages.ts';

/** Each may do all that those before it may. */
export function RoleHelp() {
  const t = useMessages(messages);
  return (
    <details>
      <summary>{t('rolesWhat')}</summary>
      <Facts
        items={[
          ['viewer', t('roleViewer')],
          ['runner', t('roleRunner')],
          ['maintainer', t('roleMaintainer')],
          ['admin', t('roleAdmin')],
        ]}
      />
    </details>
  );
}
