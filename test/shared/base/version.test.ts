import { expect, test } from 'vitest';
import { compareVersions, isVersion } from '../../../shared/base/version.ts';

test('versions are ordered as semver says, releases after all that came before them', () => {
  const inOrder = [
    '0.9.9',
    '1.0.0-alpha',
    '1.0.0-alpha.1',
    '1.0.0-alpha.beta',
    '1.0.0-beta',
    '1.0.0-beta.2',
    '1.0.0-beta.11',
    '1.0.0-rc.1',
    '1.0.0',
    '1.0.1',
    '1.2.0',
    '1.10.0',
    '2.0.0',
  ];
  const shuffled = [...inOrder].sort(() => 0).reverse();
  expect(shuffled.sort(compareVersions)).toEqual(inOrder);
  expect(compareVersions('1.0.0+build.5', '1.0.0')).toBe(0);
});

test('what is no version is no version, and older than all versions', () => {
  for (const text of ['', '1', '1.2', '01.2.3', '1.2.3-', 'v1.2.3', '1.2.3 ', '99999999999.0.0'])
    expect(isVersion(text), text).toBe(false);
  expect(compareVersions('nightly', '0.0.1')).toBeLessThan(0);
  expect(compareVersions('0.0.1', 'nightly')).toBeGreaterThan(0);
  expect(compareVersions('nightly', 'weekly')).toBe(0);
});
