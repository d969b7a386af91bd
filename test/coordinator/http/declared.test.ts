import { expect, test } from 'vitest';
import { z } from 'zod';
import { refuseUndeclared } from '../../../coordinator/http/declared.ts';
import { json, route } from '../../../coordinator/http/route.ts';
import { createRouter } from '../../../coordinator/http/router.ts';

function app() {
  const api = createRouter();
  api.openapi(
    route({
      method: 'get',
      path: '/things/{id}',
      access: 'viewer',
      tags: ['Things'],
      summary: 'One',
      request: { params: z.object({ id: z.string() }) },
      responses: { 200: json(z.object({}), 'It') },
    }),
    (c) => c.json({}, 200),
  );
  const outer = createRouter();
  outer.use('*', (_c, next) => next());
  outer.route('/api/v1', api);
  outer.get('/', (c) => c.text('page'));
  return outer;
}

test('an app whose routes are all declared starts', () => {
  expect(() => refuseUndeclared(app(), ['/'])).not.toThrow();
});

test('a route without a declared access keeps the coordinator from starting', () => {
  expect(() => refuseUndeclared(app(), [])).toThrow('GET / does not say who may call it');
  const hidden = app();
  hidden.post('/api/v1/things/:id', (c) => c.text('changed'));
  expect(() => refuseUndeclared(hidden, ['/'])).toThrow('POST /api/v1/things/:id does not say who may call it');
  const wide = app();
  wide.all('/api/v1/anything', (c) => c.text('anything'));
  expect(() => refuseUndeclared(wide, ['/'])).toThrow('ALL /api/v1/anything');
});
