/** This computer, as its owner sees it: what it does and why, when it lends, for whom, and the app itself. Only inside the desktop app. */
import { useDesktop } from '../fleet/desktop.ts';
import { OtherApp } from '../parts/other-app.tsx';
import { useMessages } from '../ui/i18n.ts';
import { Page as Frame } from '../ui/page.tsx';
import { ErrorState, Skeleton } from '../ui/states.tsx';
import { Tabs } from '../ui/tabs.tsx';
import { useViewState } from '../ui/view-state.ts';
import { App } from './app.tsx';
import { Coordinators } from './coordinators.tsx';
import { LendingTab } from './lending-tab.tsx';
import { messages } from './messages.ts';
import { Now, PauseButtons } from './now.tsx';
import { OfflineTab } from './offline-tab.tsx';
import { Troubles } from './troubles.tsx';

const DEFAULTS = { tab: 'now' } as const;

export function Page() {
  const t = useMessages(messages);
  const { kind, state, problem } = useDesktop();
  const [view, setView] = useViewState(DEFAULTS);
  if (kind !== 'here' || state === null) {
    return (
      <Frame title={t('title')}>
        {kind !== 'here' ? (
          <OtherApp kind={kind} />
        ) : problem ? (
          <ErrorState error={problem} onRetry={() => location.reload()} />
        ) : (
          <Skeleton />
        )}
      </Frame>
    );
  }
  const tabs = [
    { id: 'now', label: t('now'), content: <Now state={state} /> },
    { id: 'lending', label: t('lending'), content: <LendingTab /> },
    { id: 'coordinators', label: t('coordinators'), content: <Coordinators state={state} /> },
    { id: 'offline', label: t('offline'), content: <OfflineTab state={state} /> },
    { id: 'app', label: t('app'), content: <App state={state} /> },
  ];
  const chosen = tabs.find(({ id }) => id === view.tab)?.id ?? 'now';
  return (
    <Frame
      title={t('title')}
      beside={<span className="muted">{state.machine.name}</span>}
      actions={<PauseButtons state={state} />}
    >
      <Troubles state={state} />
      <Tabs label={t('view')} tabs={tabs} value={chosen} onChange={(tab) => setView({ tab })} />
    </Frame>
  );
}
