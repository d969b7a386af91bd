/** The pages that the side navigation, the palette and the keys lead to. */
import {
  ChartLine,
  Laptop,
  LayoutDashboard,
  ListChecks,
  type LucideIcon,
  Play,
  ScrollText,
  Server,
  Settings,
  ShieldCheck,
  Users,
} from 'lucide-react';
import type { Role } from '../../shared/protocol/rest/roles.ts';
import type { PlainKey } from '../ui/i18n.ts';
import type { messages } from './messages.ts';

type Name = PlainKey<typeof messages.en>;

export interface Destination {
  to:
    | '/'
    | '/launch'
    | '/runs'
    | '/workers'
    | '/analytics'
    | '/logs'
    | '/settings'
    | '/people'
    | '/audit'
    | '/this-computer';
  name: Name;
  icon: LucideIcon;
  /** Behind `g`. */
  key?: string;
  keyName?: Name;
  /** Shown to those who may. */
  role: Role;
  /** Only inside the desktop app. */
  desktop?: true;
}

export const DESTINATIONS: readonly Destination[] = [
  { to: '/', name: 'overview', icon: LayoutDashboard, key: 'o', keyName: 'goOverview', role: 'viewer' },
  { to: '/launch', name: 'launch', icon: Play, key: 'n', keyName: 'goLaunch', role: 'runner' },
  { to: '/runs', name: 'runs', icon: ListChecks, key: 'r', keyName: 'goRuns', role: 'viewer' },
  { to: '/workers', name: 'workers', icon: Server, key: 'w', keyName: 'goWorkers', role: 'viewer' },
  { to: '/analytics', name: 'analytics', icon: ChartLine, key: 'a', keyName: 'goAnalytics', role: 'viewer' },
  { to: '/logs', name: 'logs', icon: ScrollText, key: 'l', keyName: 'goLogs', role: 'viewer' },
  { to: '/people', name: 'people', icon: Users, role: 'maintainer' },
  { to: '/settings', name: 'settings', icon: Settings, key: 's', keyName: 'goSettings', role: 'viewer' },
  { to: '/audit', name: 'audit', icon: ShieldCheck, role: 'admin' },
  { to: '/this-computer', name: 'thisComputer', icon: Laptop, role: 'viewer', desktop: true },
];

/** For the bar of small screens. */
export const FIRST: readonly Destination['to'][] = ['/', '/runs', '/launch', '/workers'];
