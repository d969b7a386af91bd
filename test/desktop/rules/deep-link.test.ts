import { describe, expect, test } from 'vitest';
import { deepLinkIn, joinDeepLink, parseDeepLink } from '../../../src-main/desktop/rules/deep-link.ts';

const PIN = `pfp_${'A'.repeat(43)}`;

describe('a deep link', () => {
  test('names a run', () => {
    expect(parseDeepLink('playfleet://run/01JD-abc_9')).toEqual({ kind: 'run', id: '01JD-abc_9' });
    expect(parseDeepLink('playfleet://run/01JD/')).toEqual({ kind: 'run', id: '01JD' });
  });

  test('holds a join link, and names its address', () => {
    const link = `https://mill.lan:4800#pfj_secret.${PIN}`;
    expect(parseDeepLink(joinDeepLink(link))).toEqual({ kind: 'join', link, address: 'https://mill.lan:4800' });
    const plain = 'http://mill:4800#pfj_secret';
    expect(parseDeepLink(joinDeepLink(plain))).toEqual({ kind: 'join', link: plain, address: 'http://mill:4800' });
  });

  test.each([
    'playfleet://run/',
    'playfleet://run/../settings',
    'playfleet://run/a/b',
    'playfleet://run/a?x=1',
    'playfleet://run/a#b',
    'playfleet://run/%2e%2e',
    'playfleet://delete/a',
    'PLAYFLEET://run/a',
    'playfleet:run/a',
    `playfleet://run/${'a'.repeat(101)}`,
    'playfleet://join/%',
    joinDeepLink('http://mill:4800#pft_apitoken'),
    joinDeepLink('http://mill:4800#pfa_adminlink'),
    joinDeepLink('http://mill:4800'),
    joinDeepLink('http://user:secret@mill:4800#pfj_a'),
    joinDeepLink('http://mill:4800/elsewhere#pfj_a'),
    joinDeepLink('http://mill:4800?x=1#pfj_a'),
    joinDeepLink(`http://mill:4800#pfj_a.${PIN}`),
    joinDeepLink('file:///etc/passwd#pfj_a'),
    joinDeepLink('javascript:alert(1)#pfj_a'),
    joinDeepLink(`http://mill:4800#pfj_${'a'.repeat(3000)}`),
  ])('is nothing where it is not exactly known: %s', (text) => {
    expect(parseDeepLink(text)).toBeNull();
  });

  test('is found among the flags of a command line', () => {
    expect(deepLinkIn(['/opt/playfleet', '--no-sandbox', 'playfleet://run/1', '--flag'])).toBe('playfleet://run/1');
    expect(deepLinkIn(['/opt/playfleet', '/home/x/playfleet'])).toBeNull();
  });
});
