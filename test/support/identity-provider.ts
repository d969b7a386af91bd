/** A provider on loopback that speaks OpenID Connect, and OAuth as a GitHub server does. Who asks is signed in at once. */
import { createHash, generateKeyPairSync, randomUUID, sign, type KeyObject } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export const CLIENT = { id: 'playfleet', secret: 'the-secret-of-the-client' };

interface Code {
  challenge: string;
  nonce: string | null;
  redirectUri: string;
}

export interface IdentityProvider {
  url: string;
  /** Claims of whoever signs in next. */
  claims: Record<string, unknown>;
  /** What a GitHub server says of them. */
  github: { user: object; emails: object[] };
  /** Spoils id tokens. */
  spoil: 'nothing' | 'nonce' | 'audience' | 'issuer' | 'signature' | 'expired';
  /** Token requests that were refused, and why. */
  refused: string[];
}

export async function startIdentityProvider(): Promise<IdentityProvider> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const codes = new Map<string, Code>();
  const provider: IdentityProvider = {
    url: '',
    claims: { sub: 'user-1', email: 'Kim@example.com', email_verified: true, name: 'Kim Berger' },
    github: { user: { id: 7, login: 'kim', name: null }, emails: [] },
    spoil: 'nothing',
    refused: [],
  };

  function authorize(url: URL, response: ServerResponse): void {
    const given = (name: string) => url.searchParams.get(name);
    if (given('code_challenge_method') !== 'S256' || !given('code_challenge') || !given('state')) {
      response.writeHead(400).end('PKCE and state are needed');
      return;
    }
    const code = randomUUID();
    const redirectUri = given('redirect_uri') ?? '';
    codes.set(code, { challenge: given('code_challenge')!, nonce: given('nonce'), redirectUri });
    const to = new URL(redirectUri);
    to.searchParams.set('code', code);
    to.searchParams.set('state', given('state')!);
    response.writeHead(302, { location: to.href }).end();
  }

  async function token(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const form = new URLSearchParams(await textOf(request));
    const code = codes.get(form.get('code') ?? '');
    codes.delete(form.get('code') ?? '');
    const verifier = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    const why =
      form.get('client_id') !== CLIENT.id || form.get('client_secret') !== CLIENT.secret
        ? 'client'
        : !code
          ? 'code'
          : verifier !== code.challenge
            ? 'verifier'
            : form.get('redirect_uri') !== code.redirectUri
              ? 'redirect_uri'
              : null;
    if (why !== null || !code) {
      provider.refused.push(why ?? '');
      json(response, 400, { error: 'invalid_grant' });
      return;
    }
    const now = Math.floor(Date.now() / 1000);
    const { spoil } = provider;
    const claims = {
      iss: spoil === 'issuer' ? 'http://evil.example' : provider.url,
      aud: spoil === 'audience' ? 'somebody-else' : CLIENT.id,
      iat: now,
      exp: spoil === 'expired' ? now - 3600 : now + 300,
      ...(code.nonce === null ? {} : { nonce: spoil === 'nonce' ? 'another' : code.nonce }),
      ...provider.claims,
    };
    const idToken = code.nonce === null ? {} : { id_token: jwt(claims, spoil === 'signature' ? other : privateKey) };
    json(response, 200, { access_token: 'access', token_type: 'bearer', scope: 'openid', ...idToken });
  }

  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '', provider.url);
    const authorized = request.headers.authorization === 'Bearer access';
    switch (url.pathname) {
      case '/.well-known/openid-configuration':
        return json(response, 200, {
          issuer: provider.url,
          authorization_endpoint: `${provider.url}/authorize`,
          token_endpoint: `${provider.url}/token`,
          jwks_uri: `${provider.url}/jwks`,
          userinfo_endpoint: `${provider.url}/userinfo`,
          response_types_supported: ['code'],
          subject_types_supported: ['public'],
          id_token_signing_alg_values_supported: ['RS256'],
        });
      case '/jwks':
        return json(response, 200, {
          keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k', alg: 'RS256', use: 'sig' }],
        });
      case '/authorize':
      case '/login/oauth/authorize':
        return authorize(url, response);
      case '/token':
      case '/login/oauth/access_token':
        return void token(request, response);
      case '/api/v3/user':
        return json(response, authorized ? 200 : 401, provider.github.user);
      case '/api/v3/user/emails':
        return json(response, authorized ? 200 : 401, provider.github.emails);
      default:
        return json(response, 404, {});
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close().closeAllConnections());
  provider.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return provider;
}

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function jwt(claims: object, key: KeyObject): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${part({ alg: 'RS256', kid: 'k' })}.${part(claims)}`;
  return `${text}.${sign('sha256', Buffer.from(text), key).toString('base64url')}`;
}
