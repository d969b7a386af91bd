import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { systemClock } from '../../shared/base/clock.ts';
import { followFleet } from '../fleet/store.ts';
import '../ui/base.css';
import { App } from './app.tsx';
import './nonce.ts';

// Who was sent to sign in goes on to where they were.
const back = sessionStorage.getItem('playfleet.return');
sessionStorage.removeItem('playfleet.return');
if (back !== null && location.pathname === '/') history.replaceState(null, '', back);

const live = followFleet(systemClock);
if (document.hidden) live.setVisible(false);
document.addEventListener('visibilitychange', () => live.setVisible(!document.hidden));

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no #root');
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
