import { expect, test } from 'vitest';
import { parsePlaywrightArgs } from '../../../src-main/agent/playwright/args.ts';

function accepted(...given: string[]) {
  const result = parsePlaywrightArgs(given);
  if (!result.ok) throw new Error(result.message);
  return result.value;
}

function refusal(...given: string[]) {
  const result = parsePlaywrightArgs(given);
  if (result.ok) throw new Error(`accepted ${JSON.stringify(result.value)}`);
  return result.message;
}

test('file filters and options pass on, each option in one word', () => {
  expect(accepted('login', 'cart.spec.ts:12', '--retries', '2', '--grep=@smoke', '-x').args).toEqual([
    'login',
    'cart.spec.ts:12',
    '--retries=2',
    '--grep=@smoke',
    '-x',
  ]);
});

test('short options mean their long ones, with the value attached or following', () => {
  expect(accepted('-g', 'a b').args).toEqual(['--grep=a b']);
  expect(accepted('-ga b').args).toEqual(['--grep=a b']);
  expect(accepted('-G', '--odd').args).toEqual(['--grep-invert=--odd']);
});

test('--project takes all names that follow, but only its own when attached', () => {
  expect(accepted('--project', 'a', 'b', '--headed', 'c.spec.ts').args).toEqual([
    '--project=a',
    '--project=b',
    '--headed',
    'c.spec.ts',
  ]);
  expect(accepted('--project=a', 'c.spec.ts').args).toEqual(['--project=a', 'c.spec.ts']);
});

test('an option whose value may be left out takes only a word that is no option', () => {
  expect(accepted('--update-snapshots', '--headed').args).toEqual(['--update-snapshots', '--headed']);
  expect(accepted('-u', 'all').args).toEqual(['--update-snapshots=all']);
});

test('the config and whether browsers show are told apart from the rest', () => {
  expect(accepted('-c', 'e2e/pw.config.ts', '--headed')).toEqual({
    args: ['--headed'],
    config: 'e2e/pw.config.ts',
    headed: true,
  });
});

test.each([
  ['--reporter=html', /^--reporter cannot be passed to Playwright: .*HTML, JSON and JUnit/],
  ['--shard=1/2', /--shards N/],
  ['-j4', /^-j .*--slots N/],
  ['--workers', /--slots N/],
  ['--output=x', /artifacts/],
  ['--ui', /npx playwright test --ui/],
  ['--debug', /npx playwright test --debug/],
  ['--list', /--list/],
  ['--last-failed', /retry the failed tests/],
  ['--test-list=f', /--grep/],
  ['--only-changed', /git history/],
  ['--made-up', /^--made-up is not an option/],
  ['--', /second --/],
  ['--headed=yes', /^--headed takes no value, but got "yes"/],
  ['--grep', /^--grep needs a value/],
  ['--config=/home/me/pw.config.ts', /relative to the suite's folder/],
  ['--tsconfig=C:\\x.json', /relative to the suite's folder/],
])('%s is refused with the reason and the mend', (argument, message) => {
  expect(refusal('a.spec.ts', argument)).toMatch(message);
});
