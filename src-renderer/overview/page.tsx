import { useMessages } from '../ui/i18n.ts';
import { Page as Frame } from '../ui/page.tsx';
import { Skeleton } from '../ui/states.tsx';
import { messages } from './messages.ts';

export function Page() {
  const t = useMessages(messages);
  return (
    <Frame title={t('title')}>
      <Skeleton />
    </Frame>
  );
}
