import { request, type FullConfig } from '@playwright/test';

/** Makes sure that it is our shop that answers, and tells the tests which build they see. */
export default async function globalSetup(config: FullConfig): Promise<void> {
  const baseURL = config.projects[0]?.use.baseURL;
  const api = await request.newContext({ baseURL });
  const health = await (await api.get('/api/health')).json();
  if (health.name !== 'Fern & Fig') throw new Error(`${baseURL} is not the shop: ${JSON.stringify(health)}`);
  process.env.SHOP_BUILD = health.build;
  await api.dispose();
}
