import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { root } from '../../scripts/programs.ts';

interface Step {
  uses?: string;
  run?: string;
  if?: string;
  with?: Record<string, unknown>;
}
interface Workflow {
  on: Record<string, unknown>;
  permissions?: Record<string, string>;
  jobs: Record<
    string,
    {
      needs?: string | string[];
      permissions?: Record<string, string>;
      'timeout-minutes'?: number;
      steps: Step[];
    }
  >;
}

const folder = path.join(root, '.github/workflows');
const workflows = readdirSync(folder).map((name): [string, Workflow] => [
  name,
  parse(readFileSync(path.join(folder, name), 'utf8')) as Workflow,
]);
const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>;
  devDependencies: Record<string, string>;
};
const stepsOf = ({ jobs }: Workflow): Step[] => Object.values(jobs).flatMap(({ steps }) => steps);

test('there are workflows to check', () => {
  expect(workflows.map(([name]) => name)).toEqual(['ci.yml', 'release.yml']);
  for (const [, workflow] of workflows) expect(stepsOf(workflow).length).toBeGreaterThan(3);
});

test.each(workflows)('%s: every npm script and every file that it starts exists', (_, workflow) => {
  const commands = stepsOf(workflow)
    .map(({ run = '' }) => run)
    .join('\n');
  const scripts = [...commands.matchAll(/npm run (?:--silent )?([\w:-]+)/g)].map(([, name = '']) => name);
  expect(scripts.filter((name) => !(name in manifest.scripts))).toEqual([]);
  const files = [...commands.matchAll(/(?:^|[\s"(])((?:scripts|docker|test|bin|docs)\/[\w./-]+\.\w+)/g)].map(
    ([, file = '']) => file,
  );
  expect(files.filter((file) => !existsSync(path.join(root, file)))).toEqual([]);
});

test.each(workflows)(
  '%s: nothing of a foreign pull request gets rights, and no job more than it says',
  (_, { on, permissions, jobs }) => {
    expect(on).not.toHaveProperty('pull_request_target');
    expect(on).not.toHaveProperty('workflow_run');
    expect(permissions).toEqual({ contents: 'read' });
    for (const [name, job] of Object.entries(jobs)) {
      expect([name, job['timeout-minutes']]).toEqual([name, expect.any(Number)]);
      if ('pull_request' in on) expect(job.permissions).toBeUndefined();
    }
  },
);

test.each(workflows)('%s: actions are pinned to a commit, and the checkout leaves no login behind', (_, workflow) => {
  const used = stepsOf(workflow).filter(({ uses }) => uses !== undefined);
  for (const { uses, with: inputs } of used) {
    expect(uses).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40}$/);
    if (uses!.startsWith('actions/checkout@')) expect(inputs).toMatchObject({ 'persist-credentials': false });
  }
});

test.each(workflows)('%s: what others can write gets into no command as text', (_, workflow) => {
  const texts = stepsOf(workflow).map(({ run = '' }) => run);
  expect(texts.filter((run) => /\$\{\{[^}]*github\.(event|head_ref|ref_name)/.test(run))).toEqual([]);
});

test('the Node of releases is the pinned one', () => {
  const release = workflows.find(([name]) => name === 'release.yml')![1];
  const versions = stepsOf(release)
    .filter(({ uses }) => uses?.startsWith('actions/setup-node@'))
    .map((step) => step.with?.['node-version']);
  expect(new Set(versions)).toEqual(new Set([manifest.devDependencies['node']]));
});

test('for a tag, nothing is built or published before the pinned keys were looked at, nor signed by others', () => {
  const { jobs } = workflows.find(([name]) => name === 'release.yml')![1];
  const before = jobs['may-be-released']!.steps.find(({ run }) => run?.includes('scripts/release/check-keys.ts'));
  expect(before?.if).toBe("github.ref_type == 'tag'");
  expect([jobs['packages']?.needs, jobs['containers']?.needs]).toEqual(['may-be-released', 'may-be-released']);
  expect(jobs['publish']?.needs).toEqual(['packages', 'containers']);
  const signing = jobs['publish']!.steps.map(({ run = '' }) => run).filter((run) => run.includes('sign-update.ts'));
  expect(signing).toEqual([expect.stringMatching(/ --pinned$/)]);
});
