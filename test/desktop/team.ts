/** A team with a coordinator that can go away, and the app on one of its machines. */
import { cliHome } from '../cli/support/start-cli.ts';
import { askWith, online, type Ask } from '../offline/support.ts';
import type { CopyPermit } from '../../shared/protocol/offline/warm-copy.ts';
import type { FoundCoordinator } from '../../shared/protocol/desktop/wizard.ts';
import { okJson } from '../support/coordinator.ts';
import { startCoordinatorProcess, type CoordinatorProcess } from '../support/coordinator-process.ts';
import { setUp, startApp, type TestApp } from './app.ts';
import type { LaunchOptions } from './launch-app.ts';

export interface Central {
  /** The one that was started last. */
  process: CoordinatorProcess;
  ask: Ask;
  comeBack: () => Promise<void>;
}

export async function startCentral(): Promise<Central> {
  const process = await startCoordinatorProcess();
  const ask = askWith({ url: process.url, token: process.adminToken, pin: null });
  const port = Number(new URL(process.url).port);
  const comeBack = async () => void (central.process = await startCoordinatorProcess({ again: process, port }));
  const central: Central = { process, ask, comeBack };
  return central;
}

/** The app on a machine of the team; with an own home, for standing in changes the login of this user's commands. */
export async function teammate(
  central: Central,
  {
    host = '127.0.0.1',
    found = [],
    safeStorage = 'good',
    env = {},
  }: Pick<Partial<LaunchOptions>, 'safeStorage' | 'env'> & { host?: string; found?: FoundCoordinator[] } = {},
): Promise<TestApp> {
  const discover = async () => found;
  const never = (): never => {
    throw new Error('nobody joins by words here');
  };
  const joining = { discover, redeem: never };
  const app = await startApp({ promotedHost: host, joining, safeStorage, env: { ...cliHome(), ...env } });
  if (app.state.secrets.kept === 'refused') await app.ask('keepSecretsForSession');
  const { token } = await okJson<{ token: string }>(await central.ask('POST', '/api/v1/tokens', { kind: 'join' }));
  await setUp(app, `${central.process.url}#${token}`, 1);
  return app;
}

export async function permit(central: Central, app: TestApp, permit: Exclude<CopyPermit, 'no'> = 'yes'): Promise<void> {
  const { id } = await online(central.ask, app.state.agent.status!.worker);
  await okJson(await central.ask('PUT', `/api/v1/workers/${id}/warm-copy`, { permit }));
  await app.until(({ offline }) => offline.copy !== null);
}

export const nameOf = ({ process }: Central): string => new URL(process.url).host;
