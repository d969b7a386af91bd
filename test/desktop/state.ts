/** States of the app, for tests of what is drawn and told of them. */
import type { AgentStatus, Why } from '../../shared/protocol/desktop/agent.ts';
import type { PartState } from '../../shared/protocol/desktop/part-state.ts';
import type { DesktopState } from '../../shared/protocol/desktop/state.ts';
import type { OfflineView } from '../../shared/protocol/desktop/offline.ts';
import { FIRST_SETTINGS } from '../../src-main/desktop/keep/settings.ts';

export const part = (change: Partial<PartState> = {}): PartState => ({
  state: 'off',
  failures: 0,
  nextAt: null,
  problem: null,
  ...change,
});

export const agentSays = (change: Partial<AgentStatus> = {}): AgentStatus => ({
  state: 'idle',
  version: '0.1.0',
  worker: 'laptop',
  coordinator: 'http://mill:4800',
  slots: { total: 4, lent: 4, busy: 0 },
  tests: [],
  why: [],
  problem: null,
  ...change,
});

export const outsideHours = (until: number): Why => ({ mode: 'pause', reason: 'outsideHours', until });
export const onBattery: Why = { mode: 'pause', reason: 'battery', belowPercent: null, until: null };
export const byOwner = (until: number | null): Why => ({ mode: 'pause', reason: 'owner', until });

export const NOTHING_OFFLINE: OfflineView = {
  copy: null,
  copySecrets: false,
  promotion: null,
  home: null,
  follows: null,
  standIns: [],
};

export function desktop(
  change: Partial<Omit<DesktopState, 'agent' | 'offline'>> & {
    agent?: Partial<DesktopState['agent']>;
    offline?: Partial<OfflineView>;
  } = {},
): DesktopState {
  const { agent, offline, ...rest } = change;
  return {
    machine: { name: 'laptop', platform: 'linux', arch: 'x64' },
    versions: { app: '0.1.0', electron: '45.4.1', chrome: '150', node: '24' },
    language: 'en',
    isSetUp: true,
    agent: { ...part({ state: 'running' }), status: agentSays(), ...agent },
    ownCoordinator: part(),
    coordinators: [],
    offline: { ...NOTHING_OFFLINE, ...offline },
    secrets: { kept: 'safe', reason: null },
    preferences: FIRST_SETTINGS.preferences,
    update: { state: 'idle', version: null, percent: null, waitingFor: null, problem: null, checkedAt: null },
    quitting: null,
    ...rest,
  };
}
