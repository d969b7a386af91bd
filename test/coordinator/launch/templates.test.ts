import { expect, test } from 'vitest';
import type { Problem } from '../../../shared/protocol/rest/common.ts';
import type { Template } from '../../../shared/protocol/rest/launch.ts';
import type { Run } from '../../../shared/protocol/rest/runs.ts';
import { okJson, startCoordinator } from '../../support/coordinator.ts';

const SMOKE = {
  name: 'Smoke on staging',
  category: 'nightly',
  options: {
    project: 'shop',
    config: { args: ['--grep', '@smoke'], env: { USER: 'ada' } },
    requirements: { tags: ['lab'] },
    priority: 300,
    tags: ['smoke'],
    env: { TOKEN: 'secret value' },
    metadata: { ticket: 'S-1' },
  },
};

async function withTemplate() {
  const coordinator = await startCoordinator();
  const ask = (method: string, path: string, body?: unknown) => coordinator.request(method, `/api/v1${path}`, body);
  const made = await okJson<Template>(await ask('POST', '/run-templates', SMOKE));
  const runOf = async (once: object) => {
    const { test_run_id: id } = await okJson<{ test_run_id: string }>(
      await ask('POST', `/run-templates/${made.id}/run`, once),
    );
    return okJson<Run>(await ask('GET', `/test-runs/${id}`));
  };
  return { ask, made, runOf };
}

test('a run from a template has its options, and what the request says this once', async () => {
  const { ask, made, runOf } = await withTemplate();
  expect(await runOf({})).toMatchObject({
    name: 'Smoke on staging',
    project: 'shop',
    priority: 300,
    tags: ['smoke'],
    requirements: { tags: ['lab'] },
    config: { args: ['--grep', '@smoke'], env: { USER: 'ada', TOKEN: 'secret value' } },
    metadata: { ticket: 'S-1', template: { id: made.id, name: made.name } },
  });
  expect(await runOf({ name: 'once', priority: 1, env: { MORE: 'x' }, metadata: { ticket: 'S-2' } })).toMatchObject({
    name: 'once',
    priority: 1,
    tags: ['smoke'],
    config: { env: { USER: 'ada', TOKEN: 'secret value', MORE: 'x' } },
    metadata: { ticket: 'S-2' },
  });
  expect(await okJson<Template>(await ask('GET', `/run-templates/${made.id}`))).toMatchObject({ used: 2 });
});

test('values of variables are never shown, and stay when they are sent back hidden', async () => {
  const { ask, made, runOf } = await withTemplate();
  expect(JSON.stringify(made)).not.toContain('secret value');
  const { name, description, options } = made;
  const changed = { name, description, category: 'daily', options: { ...options, priority: 5 } };
  expect(await okJson<Template>(await ask('PUT', `/run-templates/${made.id}`, changed))).toMatchObject({
    category: 'daily',
  });
  expect(await runOf({})).toMatchObject({ priority: 5, config: { env: { USER: 'ada', TOKEN: 'secret value' } } });
  const hidden = { ...changed, options: { env: { NEW: options.env!.TOKEN } } };
  const refused = (await (await ask('PUT', `/run-templates/${made.id}`, hidden)).json()) as Problem;
  expect(refused.errors?.[0]?.field).toBe('options.env');
});

test('templates are listed by name and category, unique in their team, and removed without their runs', async () => {
  const { ask, made, runOf } = await withTemplate();
  expect((await ask('POST', '/run-templates', SMOKE)).status).toBe(409);
  await okJson(await ask('POST', '/run-templates', { name: 'All', options: {} }));
  const names = async (query: string) =>
    (await okJson<{ items: Template[] }>(await ask('GET', `/run-templates?${query}`))).items.map((one) => one.name);
  expect(await names('')).toEqual(['All', 'Smoke on staging']);
  expect(await names('category=nightly')).toEqual(['Smoke on staging']);
  expect(await names('name=All&team=default')).toEqual(['All']);
  const { id } = await runOf({});
  await okJson(await ask('DELETE', `/run-templates/${made.id}`));
  expect(await names('')).toEqual(['All']);
  expect((await ask('GET', `/test-runs/${id}`)).status).toBe(200);
  expect((await ask('POST', `/run-templates/${made.id}/run`, {})).status).toBe(404);
});

test.each([
  [{ name: 'x', options: { total_shards: 2, kind: 'queue' } }, null],
  [{ name: 'x', options: { priority: -1 } }, 'options.priority'],
  [{ name: '', options: {} }, 'name'],
  [{ name: 'x', options: { depends_on: [] } }, 'options.depends_on'],
  [{ name: 'x', options: {}, team: 'nowhere' }, 'team'],
])('%j is refused, and the answer names %s', async (body, field) => {
  const { ask } = await withTemplate();
  const answer = await ask('POST', '/run-templates', body);
  if (field !== null) {
    expect([answer.status, ((await answer.json()) as Problem).errors?.[0]?.field]).toEqual([422, field]);
    return;
  }
  // Each part may stand for itself until a run is made of it.
  const { id } = await okJson<Template>(answer);
  const refused = (await (await ask('POST', `/run-templates/${id}/run`, {})).json()) as Problem;
  expect([refused.status, refused.errors?.[0]?.field]).toEqual([422, 'total_shards']);
});
