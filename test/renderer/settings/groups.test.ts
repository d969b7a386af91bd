import { expect, test } from 'vitest';
import { rule } from '../../../shared/protocol/rest/scheduling.ts';
import type { Setting } from '../../../shared/protocol/rest/settings.ts';
import { groupOf, grouped, readValue } from '../../../src-renderer/settings/groups.ts';
import { fieldsOfRule, ruleOf, ruleText } from '../../../src-renderer/settings/policy-text.ts';

const setting = (change: Partial<Setting>): Setting => ({
  key: 'smtp_port',
  type: 'int',
  value: 587,
  default: 587,
  is_set: false,
  secret: false,
  description: 'Port of the mail server.',
  minimum: 1,
  maximum: 65_535,
  options: null,
  updated_at: null,
  updated_by: null,
  ...change,
});

test('a setting that the page does not know yet stands among the others', () => {
  expect(groupOf('something_new')).toBe('other');
});

test('settings are found by all words of key, description and value, and by whether they are set', () => {
  const settings = [
    setting({}),
    setting({ key: 'race_stragglers', type: 'boolean', value: true, is_set: true, description: 'Racing' }),
  ];
  const keys = (text: string) => grouped(settings, text).flatMap((group) => group.settings.map(({ key }) => key));
  expect(keys('mail PORT')).toEqual(['smtp_port']);
  expect(keys('587')).toEqual(['smtp_port']);
  expect(keys('is:set')).toEqual(['race_stragglers']);
  expect(keys('nothing')).toEqual([]);
});

test.for<[Partial<Setting>, string, ReturnType<typeof readValue>]>([
  [{}, '25', { value: 25, problem: null }],
  [{}, 'x', { value: null, problem: 'number' }],
  [{}, '', { value: null, problem: 'number' }],
  [{}, '2.5', { value: null, problem: 'whole' }],
  [{ type: 'float' }, '2.5', { value: 2.5, problem: null }],
  [{}, '0', { value: null, problem: 'tooSmall' }],
  [{}, '70000', { value: null, problem: 'tooLarge' }],
  [{ type: 'string' }, 'text', { value: 'text', problem: null }],
  [{ type: 'json' }, '{"a":1}', { value: { a: 1 }, problem: null }],
  [{ type: 'json' }, '{', { value: null, problem: 'json' }],
])('%j read from "%s"', ([change, text, expected]) => expect(readValue(setting(change), text)).toEqual(expected));

test('a rule in a form and back is the same rule, which the coordinator takes', () => {
  const before = {
    name: 'webkit on macs',
    when: { browser: 'webkit' as const, project: 'shop' },
    then: { require: 'mac', strategy: 'fastest' },
  };
  expect(rule.parse(ruleOf(fieldsOfRule(before)))).toEqual(before);
  expect(ruleText(before)).toBe('webkit on macs: browser webkit, project shop → require mac, strategy fastest');
  expect(ruleOf({ name: 'x', 'when.tag': 'nightly', 'then.priority': '7' })).toEqual({
    name: 'x',
    when: { tag: 'nightly' },
    then: { priority: 7 },
  });
});
