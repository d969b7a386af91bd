/** What every address stands in: the shell; or, while the desktop app is not set up, its first steps alone. */
import { Navigate, Outlet, useRouterState } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { leadToSignIn } from '../fleet/client.ts';
import { useDesktop } from '../fleet/desktop.ts';
import { useFleetStore } from '../fleet/store.ts';
import { Shell } from './shell.tsx';

export function Root() {
  const isSettingUp = useRouterState({ select: ({ location }) => location.pathname === '/setup' });
  const isSetUp = useDesktop(({ state }) => state?.isSetUp ?? true);
  useOtherCoordinator();
  useSignIn();
  if (isSettingUp) return <Outlet />;
  return isSetUp ? <Shell /> : <Navigate to="/setup" replace />;
}

/** When the app works for another coordinator, or one that stands in for it, all that this page knows is of the one before. */
function useOtherCoordinator(): void {
  const active = useDesktop(({ state }) => {
    const id = state?.coordinators.find((one) => one.active)?.id;
    return id === undefined ? null : `${id} ${state?.offline.follows?.address ?? ''}`;
  });
  const before = useRef(active);
  useEffect(() => {
    if (before.current !== null && active !== null && before.current !== active) location.reload();
    before.current = active;
  }, [active]);
}

/** Who goes from a page of this computer to one of the coordinator must be signed in there. The app may sign in by itself meanwhile. */
function useSignIn(): void {
  const isOut = useFleetStore(({ live }) => live === 'signedOut');
  const path = useRouterState({ select: ({ location }) => location.pathname });
  const mayAsk = useDesktop(({ state }) => state?.coordinators.find((one) => one.active)?.signedIn ?? false);
  const before = useRef(mayAsk);
  useEffect(() => {
    if (isOut && mayAsk && !before.current) location.reload();
    else if (isOut) leadToSignIn();
    before.current = mayAsk;
  }, [isOut, path, mayAsk]);
}
