import { expect, test } from 'vitest';
import { z } from 'zod';
import { systemClock } from '../../shared/base/clock.ts';
import { createApi, type Api } from '../../src-main/cli/api.ts';
import { PassingFailure, RefusedFailure } from '../../src-main/cli/problem.ts';
import { CoordinatorDouble, problem, reply } from './support/coordinator-double.ts';

const apiOf = (url: string, timeoutMs = 5000): Api =>
  createApi({ url, token: 'pft_x', pin: null, clock: systemClock, random: () => 0, timeoutMs });
const anything = z.unknown();

async function start(): Promise<{ double: CoordinatorDouble; api: Api; calls: () => number }> {
  const double = await CoordinatorDouble.start();
  return { double, api: apiOf(double.url), calls: () => double.requests.length };
}

test('the token and the key travel in headers, the answer is checked', async () => {
  const { double, api } = await start();
  double.intercept = (request, response) =>
    reply(response, 200, { auth: request.headers.authorization, key: request.headers['idempotency-key'] });
  const shape = z.object({ auth: z.string(), key: z.string() });
  expect(await api.send('POST', '/x', { a: 1 }, shape, { key: 'k1' })).toEqual({ auth: 'Bearer pft_x', key: 'k1' });
  await expect(api.get('/x', z.object({ other: z.number() }))).rejects.toThrow(
    /\/x answered something else than expected \(other:/,
  );
});

test('what may pass is tried again, but a change only with a key', async () => {
  const { double, api, calls } = await start();
  double.intercept = (request, response) => {
    if (calls() % 3 === 0) return reply(response, 200, { ok: true });
    if (calls() % 3 === 1) request.socket.destroy();
    else problem(response, 503, 'busy', 'The database is busy.');
    return true;
  };
  expect(await api.get('/x', anything)).toEqual({ ok: true });
  expect(calls()).toBe(3);
  expect(await api.send('POST', '/x', {}, anything, { key: 'k' })).toEqual({ ok: true });
  expect(calls()).toBe(6);
  await expect(api.send('POST', '/x', {}, anything)).rejects.toBeInstanceOf(PassingFailure);
  expect(calls()).toBe(7);
});

test('a wait that the coordinator asks for is kept', async () => {
  const { double, api, calls } = await start();
  const times: number[] = [];
  double.intercept = (_request, response) => {
    times.push(performance.now());
    if (calls() > 1) return reply(response, 200, {});
    response.setHeader('retry-after', '1');
    problem(response, 429, 'rate', 'Too many.');
    return true;
  };
  await api.get('/x', anything);
  expect(times[1]! - times[0]!).toBeGreaterThanOrEqual(990);
});

test('refusals become one sentence with their code, the other bad fields and a mend', async () => {
  const { double, api } = await start();
  double.intercept = (_request, response) => {
    const errors = [
      { field: 'name', message: 'is required' },
      { field: 'tags[0]', message: 'is too\x1b[2J long' },
    ];
    const body = {
      type: 'about:blank',
      title: 'x',
      status: 422,
      detail: 'name is required',
      instance: 'i',
      code: 'validation_failed',
      errors,
    };
    return reply(response, 422, body, 'application/problem+json');
  };
  const error = await api.get('/x', anything).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(RefusedFailure);
  expect(error).toMatchObject({
    message: 'name is required; tags[0] is too long',
    status: 422,
    code: 'validation_failed',
  });
  double.intercept = (_request, response) => {
    problem(response, 401, 'unauthenticated', 'Show a token.');
    return true;
  };
  await expect(api.get('/x', anything)).rejects.toMatchObject({
    mend: expect.stringMatching(/playfleet login/) as string,
  });
});

test('something else than a coordinator is recognised', async () => {
  const { double, api } = await start();
  double.intercept = (_request, response) =>
    Boolean(response.writeHead(404, { 'content-type': 'text/html' }).end('<html>'));
  await expect(api.get('/x', anything)).rejects.toThrow(/answered 404 in a way that no Playfleet coordinator does/);
  double.intercept = (_request, response) => Boolean(response.writeHead(200).end('<html>'));
  await expect(api.get('/x', anything)).rejects.toThrow(/not JSON/);
});

test('a redirect is told, never followed', async () => {
  const { double, api, calls } = await start();
  double.intercept = (_request, response) => Boolean(response.writeHead(302, { location: '/c/signed' }).end());
  expect(await api.whereTo('/report')).toBe(`${double.url}/c/signed`);
  await expect(api.get('/x', anything)).rejects.toThrow(/302/);
  expect(calls()).toBe(2);
});

test('nobody there, silence and an abort are told apart', async () => {
  const { double } = await start();
  double.intercept = () => true;
  await expect(apiOf(double.url, 100).get('/x', anything, { tries: 1 })).rejects.toThrow(
    /cannot be reached: no answer within 0.1 s/,
  );
  const stop = new AbortController();
  const asked = apiOf(double.url).get('/x', anything, { signal: stop.signal });
  await double.requested('GET /x');
  stop.abort(new Error('enough'));
  await expect(asked).rejects.toThrow('enough');
  await double.close();
  await expect(apiOf(double.url).get('/x', anything, { tries: 1 })).rejects.toThrow(/No coordinator answers at http/);
});
