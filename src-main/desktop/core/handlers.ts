/** What the page may ask for (shared/protocol/desktop/api.ts), carried out. Arguments have been checked. */
import type { Clock } from '../../../shared/base/clock.ts';
import type { Manners } from '../../../shared/protocol/desktop/manners.ts';
import type { SettingsStore } from '../keep/settings.ts';
import type { Vault } from '../keep/vault.ts';
import type { Handlers } from './answer.ts';
import type { Crew } from './crew.ts';
import type { Desktop } from './desktop.ts';
import type { Offline } from './offline/offline.ts';
import type { Joining, System, Updating } from './ports.ts';
import { DesktopRefusal } from './refusal.ts';
import type { SetUp } from './set-up.ts';

export interface HandlerDeps {
  settings: SettingsStore;
  vault: Vault;
  crew: Crew;
  setUp: SetUp;
  system: System;
  joining: Joining;
  updating: Updating;
  offline: Offline;
  /** Folder. */
  logs: string;
  clock: Clock;
}

const HOUR_MS = 3_600_000;

export function createHandlers(app: Desktop, deps: HandlerDeps): Handlers {
  const { settings, vault, crew, setUp, system, joining, updating, offline, logs, clock } = deps;
  const { agent, coordinators } = crew;
  const lent = () => {
    const { lending } = settings.value;
    if (lending === null) throw new DesktopRefusal('not_set_up', 'Set this computer up first.');
    return lending;
  };
  return {
    state: () => app.state,
    pause: async ({ for: how }) => {
      const until = how === 'hour' ? clock.now() + HOUR_MS : how === 'until_tomorrow' ? ('tomorrow' as const) : null;
      await agent.command({ type: 'pause', until });
      return app.state;
    },
    resume: async () => {
      await agent.command({ type: 'resume' });
      return app.state;
    },
    manners: () => lent().manners,
    setManners: async (manners: Manners) => {
      const lending = lent();
      // First the agent: what it refuses is not remembered. Where it does not run, its next start brings them.
      if (agent.status !== null) await agent.command({ type: 'manners', manners });
      await settings.change({ lending: { ...lending, manners } });
      return manners;
    },
    lending: () => lent(),
    setLending: async (lending) => {
      lent();
      await settings.change({ lending });
      crew.reassignLater();
      return lending;
    },
    wizard: () => setUp.view,
    wizardDo: (input) => {
      if (settings.value.isSetUp) throw new DesktopRefusal('set_up', 'This computer is set up already.');
      return setUp.do(input);
    },
    discover: () => joining.discover(() => undefined),
    addCoordinator: async (join) => {
      lent();
      offline.mayLeave();
      await coordinators.add(join);
      crew.reassignLater();
      return app.state;
    },
    chooseCoordinator: async ({ id }) => {
      offline.mayLeave();
      await coordinators.choose(id);
      crew.reassignLater();
      return app.state;
    },
    forgetCoordinator: async ({ id }) => {
      await crew.forget(id);
      return app.state;
    },
    setPreferences: async (change) => {
      await app.setPreferences(Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined)));
      return app.state;
    },
    keepSecretsForSession: async () => {
      vault.keepInMemory();
      await settings.change({ secretsInMemory: true });
      return app.state;
    },
    checkForUpdate: async () => {
      await updating.check();
      return updating.state;
    },
    installUpdate: async ({ now }) => {
      await updating.install(now);
      return updating.state;
    },
    setCopySecrets: async ({ on }) => {
      if (await coordinators.letSecretsIn(on)) crew.reassignLater();
      return app.state;
    },
    promote: async ({ secrets }) => {
      await offline.promote(secrets);
      return app.state;
    },
    demote: async ({ now }) => {
      await offline.demote(now);
      return app.state;
    },
    lookForStandIns: async () => {
      await offline.lookForStandIns();
      return app.state;
    },
    switchTo: async ({ address }) => {
      await offline.switchTo(address);
      return app.state;
    },
    switchHome: async () => {
      await offline.switchHome();
      return app.state;
    },
    restartPart: ({ part }) => {
      if (part === 'promotion') offline.restart();
      else crew.restart(part);
      return app.state;
    },
    openLogs: async () => {
      await system.openFolder(logs);
      return null;
    },
    crashes: () => system.crashes.list(),
    deleteCrashes: async () => {
      await system.crashes.deleteAll();
      return null;
    },
    quit: ({ how }) => {
      void app.quit(how);
      return app.state;
    },
  };
}
