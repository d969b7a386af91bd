import { expect, test } from 'vitest';
import { describeBrowser, lockMs, mayManage, roleIn, whyWeak } from '../../../coordinator/people/rules.ts';

const kim = { email: 'kim.berger@example.com', name: 'Kim Berger' };

test('passwords that are tried first are refused', () => {
  for (const password of [
    'password1234',
    'P@ssw0rd!2024',
    'qwertyuiop12',
    '123456789012',
    'aaaaaaaaaaaa',
    'abcabcabcabcabc',
    'iloveyou1234',
    'Welcome2Playfleet!',
    'correct horse battery staple',
    'Summer-2026-Summer',
    'adminadmin123',
    '1qaz2wsx3edc',
  ]) {
    expect(whyWeak(password, kim), password).not.toBeNull();
  }
});

test('passwords made of the own name are refused', () => {
  for (const password of ['KimBerger1234', 'berger-berger-1', 'kim.berger@example.com', 'example-Berger-2026']) {
    expect(whyWeak(password, kim), password).toContain('your own name');
  }
});

test('phrases and random texts are taken', () => {
  for (const password of [
    'purple kettles sing at noon',
    'x7$kQ!pz0vMwL',
    'die Katze schläft am Fenster',
    '静かな海に月が落ちて星の歌',
    'berger kocht dienstags linsen',
  ]) {
    expect(whyWeak(password, kim), password).toBeNull();
  }
});

test('a few wrong passwords cost nothing, then the lock doubles up to a quarter of an hour', () => {
  expect([1, 4, 5, 6, 7, 8, 9, 10, 11, 1000].map((n) => lockMs(n) / 1000)).toEqual([
    0, 0, 30, 60, 120, 240, 480, 900, 900, 900,
  ]);
});

test('browsers are told apart by what they say of themselves', () => {
  const agent = (end: string, system = 'X11; Linux x86_64') =>
    `Mozilla/5.0 (${system}) AppleWebKit/537.36 (KHTML, like Gecko) ${end}`;
  expect(describeBrowser(agent('Chrome/141.0.0.0 Safari/537.36'))).toBe('Chrome 141 on Linux');
  expect(describeBrowser(agent('Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0', 'Windows NT 10.0'))).toBe(
    'Edge 141 on Windows',
  );
  expect(describeBrowser('Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:143.0) Gecko/20100101 Firefox/143.0')).toBe(
    'Firefox 143 on macOS',
  );
  expect(describeBrowser(agent('Version/26.0 Safari/605.1.15', 'Macintosh; Intel Mac OS X 10_15_7'))).toBe(
    'Safari 26 on macOS',
  );
  expect(describeBrowser('curl/8.5.0')).toBe('curl/8.5.0');
  expect(describeBrowser('')).toBe('an unknown program');
});

test('members are managed from maintainer on, and never beyond the own role', () => {
  expect(mayManage('runner', 'viewer')).toBe(false);
  expect(mayManage(null, 'viewer')).toBe(false);
  expect(mayManage('maintainer', null, 'maintainer')).toBe(true);
  expect(mayManage('maintainer', 'admin', 'viewer')).toBe(false);
  expect(mayManage('admin', 'admin', 'viewer')).toBe(true);
  expect(roleIn({ role: 'maintainer', teams: new Map([['a', 'maintainer']]) }, 'b')).toBeNull();
  expect(roleIn({ role: 'runner', teams: null }, 'b')).toBe('runner');
});
