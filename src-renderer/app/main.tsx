import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { systemClock } from '../../shared/base/clock.ts';
import { followDesktop } from '../fleet/desktop.ts';
import { readNewestRuns, readRun } from '../fleet/runs.ts';
import { followFleet } from '../fleet/store.ts';
import '../ui/base.css';
import { App } from './app.tsx';
import './nonce.ts';

// Who was sent to sign in goes on to where they were.
const back = takeReturn();
if (back !== null && location.pathname === '/') history.replaceState(null, '', back);

// Inside the desktop app there is nobody to follow before it is set up.
const { isSetUp } = await followDesktop();
if (isSetUp) {
  const live = followFleet({ clock: systemClock, read: { run: readRun, newestRuns: readNewestRuns } });
  if (document.hidden) live.setVisible(false);
  document.addEventListener('visibilitychange', () => live.setVisible(!document.hidden));
}

/** What the sign-in page has left (coordinator/operations/pages/sign-in.ts). */
function takeReturn(): string | null {
  try {
    const address = sessionStorage.getItem('playfleet.return');
    sessionStorage.removeItem('playfleet.return');
    return address;
  } catch {
    return null;
  }
}

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no #root');
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
