import { accounts, expect, test } from '../support/test';
import { signIn } from '../support/api';

test.describe('session', { tag: '@api' }, () => {
  test(
    'hands out a token that works as a bearer token',
    { tag: '@smoke' },
    async ({ request, playwright, baseURL }) => {
      const { token } = await (await request.post('/api/session', { data: accounts.customer })).json();
      const other = await playwright.request.newContext({
        baseURL,
        extraHTTPHeaders: { authorization: `Bearer ${token}` },
      });
      expect(await (await other.get('/api/session')).json()).toEqual({ email: 'ada@shop.test', role: 'customer' });
      await other.dispose();
    },
  );

  test('sets a cookie that scripts cannot read', { tag: '@security' }, async ({ request }) => {
    const answer = await request.post('/api/session', { data: accounts.customer });
    expect(answer.headers()['set-cookie']).toMatch(/; HttpOnly; SameSite=Lax$/);
  });

  test('refuses a wrong password', async ({ request }) => {
    const answer = await request.post('/api/session', { data: { ...accounts.customer, password: 'rose' } });
    expect(answer.status()).toBe(401);
  });

  test('refuses a token with a forged name', { tag: '@security' }, async ({ request }) => {
    const { token } = await (await request.post('/api/session', { data: accounts.customer })).json();
    const [, signature] = token.split('.');
    const forged = `${Buffer.from(accounts.manager.email).toString('base64url')}.${signature}`;
    const answer = await request.get('/api/session', { headers: { authorization: `Bearer ${forged}`, cookie: '' } });
    expect(answer.status()).toBe(401);
  });

  test('ends', async ({ request }) => {
    await signIn(request, 'customer');
    expect(await request.get('/api/session')).toBeOK();
    await request.delete('/api/session');
    expect((await request.get('/api/session')).status()).toBe(401);
  });

  for (const [name, body] of Object.entries({
    'no JSON': '{"email":',
    'a list of numbers as text': '12',
    nothing: '',
  })) {
    test(`answers 400 to ${name}`, async ({ request }) => {
      const answer = await request.post('/api/session', {
        data: body,
        headers: { 'content-type': 'application/json' },
      });
      expect(answer.status()).toBe(400);
    });
  }
});
