import { createApi, type Api } from './api.ts';
import type { Cli } from './cli.ts';
import { findCredentials } from './credentials.ts';

/** The coordinator that this user works with. Throws CliFailure where there is none. */
export async function openApi(cli: Cli): Promise<Api & { token: string | null }> {
  const { url, token } = await findCredentials(cli.config);
  return { ...createApi({ url, token, clock: cli.clock, random: cli.random }), token };
}
