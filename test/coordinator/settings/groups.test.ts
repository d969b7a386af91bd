import { expect, test } from 'vitest';
import { SETTING_KEYS } from '../../../coordinator/settings/registry.ts';
import { groupOf } from '../../../src-renderer/settings/groups.ts';

test('the dashboard shows every setting in a group of its kind', () => {
  expect(SETTING_KEYS.filter((key) => groupOf(key) === 'other')).toEqual([]);
});
