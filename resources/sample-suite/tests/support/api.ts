import { expect, test, type APIRequestContext, type TestInfo } from '@playwright/test';
import { accounts } from './test';

export const address = { name: 'Ada Fern', street: '7 Greenhouse Lane', postcode: '1012 AB', city: 'Amsterdam' };
export const card = '4242 4242 4242 4242';

/** Signs the request fixture in; its later calls carry the session cookie. */
export async function signIn(request: APIRequestContext, role: keyof typeof accounts): Promise<void> {
  await test.step(`Sign in as ${role}`, async () => {
    const answer = await request.post('/api/session', { data: accounts[role] });
    expect(answer.status()).toBe(201);
  });
}

export async function attachJson(testInfo: TestInfo, name: string, value: unknown): Promise<void> {
  await testInfo.attach(name, { body: JSON.stringify(value, null, 2), contentType: 'application/json' });
}
