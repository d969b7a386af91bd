import type { ErrorComponentProps } from '@tanstack/react-router';
import { Button } from '../ui/button.tsx';
import { useMessages } from '../ui/i18n.ts';
import { Link } from '../ui/link.tsx';
import { Page } from '../ui/page.tsx';
import { EmptyState, ErrorState } from '../ui/states.tsx';
import { messages } from './messages.ts';

export function NotFound() {
  const t = useMessages(messages);
  return (
    <Page title={t('notFound')}>
      <EmptyState title={t('notFoundWhy')} action={<Link to="/">{t('overview')}</Link>} />
    </Page>
  );
}

/** A page that threw, or whose code could not be loaded: after an update, its old name is gone and loading anew brings the new one. */
export function PageError({ error }: ErrorComponentProps) {
  const t = useMessages(messages);
  return (
    <Page title={t('unexpected')} actions={<Button onClick={() => location.reload()}>{t('reload')}</Button>}>
      <ErrorState error={error} title={t('unexpected')} />
    </Page>
  );
}
