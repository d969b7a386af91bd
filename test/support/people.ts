/** People in browsers, as tests need them: accounts, their cookies, and requests as a page of ours makes them. */

export const PASSWORD = 'purple kettles sing at noon';

export interface Person {
  email: string;
  /** Name and value of the session's cookie. */
  cookie: string;
  /** A request from a page of the coordinator; `body` as JSON. */
  ask(method: string, path: string, body?: unknown): Promise<Response>;
}

/** A coordinator, asked as its admin. */
interface Api {
  url: string;
  request: (method: string, path: string, body?: unknown) => Promise<Response>;
}

/** A request from a page: with the given cookies, and our own Origin. */
export function fromPage(url: string, method: string, path: string, body?: unknown, cookie = ''): Promise<Response> {
  return fetch(url + path, {
    method,
    headers: {
      origin: url,
      'user-agent':
        'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36',
      ...(cookie === '' ? {} : { cookie }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

/** The body of a good answer. */
async function okJson<T>(answer: Response): Promise<T> {
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${answer.status} ${text}`);
  return JSON.parse(text) as T;
}

/** `name=value` of a cookie that an answer sets; throws where it sets none. */
export function cookieOf(answer: Response, name = 'playfleet_session'): string {
  const found = answer.headers.getSetCookie().find((cookie) => cookie.replace('__Host-', '').startsWith(`${name}=`));
  if (found === undefined) throw new Error(`${answer.status}: the answer sets no cookie ${name}`);
  return found.split(';')[0]!;
}

export function personWith(url: string, email: string, cookie: string): Person {
  return { email, cookie, ask: (method, path, body) => fromPage(url, method, `/api/v1${path}`, body, cookie) };
}

/** An admin of the whole installation, from an admin link. */
export async function makeAdmin({ url, request }: Api, email = 'ada@example.com'): Promise<Person> {
  const { token } = await okJson<{ token: string }>(await request('POST', '/api/v1/tokens', { kind: 'admin_link' }));
  const answer = await fromPage(url, 'POST', '/api/v1/auth/first-account', {
    token,
    email,
    name: email.split('@')[0],
    password: PASSWORD,
  });
  const cookie = answer.ok ? cookieOf(answer) : '';
  await okJson(answer);
  return personWith(url, email, cookie);
}

/** The token of an invitation (pfk_…). */
export async function invite({ request }: Pick<Api, 'request'>, body: object): Promise<string> {
  const made = await okJson<{ link: string }>(await request('POST', '/api/v1/people/invitations', body));
  return made.link.split('#token=')[1] ?? '';
}

/** Somebody who was invited and has followed the invitation. */
export async function makePerson(
  api: Api,
  { email, role = 'runner', team = 'default' }: { email: string; role?: string; team?: string },
): Promise<Person> {
  const token = await invite(api, { email, role, team });
  const body = { token, name: email.split('@')[0], password: PASSWORD };
  const answer = await fromPage(api.url, 'POST', '/api/v1/auth/accept-invitation', body);
  const cookie = answer.ok ? cookieOf(answer) : '';
  await okJson(answer);
  return personWith(api.url, email, cookie);
}

export function signIn(url: string, email: string, password = PASSWORD, cookie = ''): Promise<Response> {
  return fromPage(url, 'POST', '/api/v1/auth/sign-in', { email, password }, cookie);
}
