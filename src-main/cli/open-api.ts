import { createApi, type Api } from './api.ts';
import type { Cli } from './cli.ts';
import { findCredentials, type Credentials } from './credentials.ts';

/** With what is needed to speak to it in other ways. */
export type OpenApi = Api & Pick<Credentials, 'token' | 'pin'>;

/** The coordinator that this user works with. Throws CliFailure where there is none. */
export async function openApi(cli: Cli): Promise<OpenApi> {
  const { url, token, pin } = await findCredentials(cli.config);
  return { ...createApi({ url, token, pin, clock: cli.clock, random: cli.random }), token, pin };
}
