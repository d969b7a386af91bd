import { expect, test } from 'vitest';
import { ApiError } from '../../../src-renderer/fleet/api-error.ts';
import { Client, textOf, type ClientOptions } from '../../../src-renderer/fleet/client.ts';

interface Asked {
  url: string;
  init: RequestInit;
}

/** A client whose answers are given in turn; an Error stands for no answer. */
function clientWith(answers: (Response | Error)[], options: ClientOptions = {}) {
  const asked: Asked[] = [];
  const ask = (url: string | URL | Request, init: RequestInit = {}) => {
    asked.push({ url: url instanceof Request ? url.url : String(url), init });
    const answer = answers.shift();
    return answer instanceof Response ? Promise.resolve(answer) : Promise.reject(answer ?? new Error('none left'));
  };
  return { asked, client: new Client({ ...options, fetch: ask }) };
}

const problem = (status: number, body: object) =>
  new Response(JSON.stringify({ type: 'about:blank', title: '', status, instance: 'urn:uuid:abc', ...body }), {
    status,
  });

const failure = async (promise: Promise<unknown>): Promise<ApiError> => {
  const error: unknown = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ApiError)) throw new Error('no ApiError', { cause: error });
  return error;
};

test('a refused field is named, with its mend, where the form looks for it', async () => {
  const errors = [{ field: 'config.args[0]', message: 'must begin with --' }];
  const { client } = clientWith([
    problem(422, { detail: 'Some fields are wrong.', code: 'validation_failed', errors }),
  ]);
  const error = await failure(client.change('POST', '/test-runs/create', {}));
  expect(error).toMatchObject({ status: 422, code: 'validation_failed', requestId: 'abc' });
  expect(error.message).toBe('config.args[0] must begin with --');
  expect(error.field('config')).toBe('must begin with --');
  expect(error.field('conf')).toBeNull();
});

test('a change is sent once more with the same key where its answer was lost, and no oftener', async () => {
  const { client, asked } = clientWith([new TypeError('failed to fetch'), new Response('{"ok":1}')]);
  expect(await client.change('POST', '/x', { a: 1 })).toEqual({ ok: 1 });
  const keys = asked.map(({ init }) => new Headers(init.headers).get('idempotency-key'));
  expect(keys[0]).toMatch(/^[0-9a-f]{32}$/);
  expect(keys[1]).toBe(keys[0]);
  const lost = clientWith([new TypeError('x'), new TypeError('x')]);
  const error = await failure(lost.client.change('DELETE', '/x'));
  expect(error).toMatchObject({ status: 0, code: 'no_answer' });
  expect(lost.asked).toHaveLength(2);
});

test('what was refused is not sent again', async () => {
  const { client, asked } = clientWith([problem(409, { detail: 'Too late.', code: 'run_not_final' })]);
  expect((await failure(client.change('POST', '/x'))).message).toBe('Too late.');
  expect(asked).toHaveLength(1);
});

test('who is signed out is told to the page', async () => {
  let told = 0;
  const { client } = clientWith([problem(401, { detail: 'Sign in.', code: 'unauthenticated' })], {
    onSignedOut: () => (told += 1),
  });
  expect((await failure(client.get('/auth/me'))).isSignedOut).toBe(true);
  expect(told).toBe(1);
});

test('an answer of something else than the coordinator is an error all the same', async () => {
  const { client } = clientWith([new Response('<html>Bad gateway</html>', { status: 502 })]);
  expect(await failure(client.get('/x'))).toMatchObject({ status: 502, code: 'http_502' });
});

test('what is not asked for is not in the address', () => {
  expect(textOf({ a: 1, b: undefined, c: '', d: 'x y' })).toBe('?a=1&d=x+y');
  expect(textOf({})).toBe('');
});
