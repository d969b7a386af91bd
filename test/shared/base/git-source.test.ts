import { describe, expect, test } from 'vitest';
import { gitRefProblem, gitUrlProblem, redactGitUrl } from '../../../shared/base/git-source.ts';

describe('addresses', () => {
  test.each([
    ['', 'is empty'],
    ['--upload-pack=touch /tmp/x', 'spaces'],
    ['--upload-pack=x', "begins with '-'"],
    ['-uhttps://example.com/x', "begins with '-'"],
    ['ext::sh -c x', 'spaces'],
    ['ext::sh%20-c%20x', "'::'"],
    ['fd::17', "'::'"],
    ['transport::address', "'::'"],
    ['file:///etc', 'uses file'],
    ['FILE:///etc', 'uses file'],
    ['/srv/repo.git', 'neither'],
    ['../repo.git', 'neither'],
    ['http://example.com/x', 'uses http'],
    ['git://example.com/x', 'uses git'],
    ['ftp://example.com/x', 'uses ftp'],
    ['ssh://-oProxyCommand=x/y', 'no plain host name'],
    ['ssh://user@-oProxyCommand=x/y', 'no plain host name'],
    ['ssh://-oProxyCommand=x@host/y', "user that begins with '-'"],
    ['ssh://%2doProxyCommand=x@host/y', "user that begins with '-'"],
    ['-oProxyCommand=x@host:y', "begins with '-'"],
    ['git@-oProxyCommand:y', 'neither'],
    ['git@host:-oProxyCommand', 'neither'],
    ['https:///path', 'no plain host name'],
    ['https://exa mple.com/', 'spaces'],
    ['https://example.com/\u0000', 'control'],
    ['https://example.com/\r\nx', 'control'],
    ['https://example.com/\u202Ex', 'invisible'],
    [`https://example.com/${'x'.repeat(2000)}`, 'longer'],
  ])('%j is refused', (url, reason) => expect(gitUrlProblem(url)).toContain(reason));

  test.each([
    'https://example.com/team/suite.git',
    'https://user:token@example.com:8443/team/suite',
    'https://[::1]:8443/suite',
    'ssh://git@example.com:22/team/suite.git',
    'git@example.com:team/suite.git',
  ])('%j may be fetched from', (url) => expect(gitUrlProblem(url)).toBeNull());

  test('the owner can allow more protocols, and file addresses must then be absolute', () => {
    expect(gitUrlProblem('http://example.com/x', ['https', 'http'])).toBeNull();
    expect(gitUrlProblem('git@example.com:x', ['https'])).toContain('uses ssh');
    expect(gitUrlProblem('file:///srv/x', ['file'])).toBeNull();
    expect(gitUrlProblem('file://host/x', ['file'])).toContain('absolute');
  });

  test('passwords are taken out for messages', () => {
    expect(redactGitUrl('https://user:secret@example.com/x')).toBe('https://example.com/x');
    expect(redactGitUrl('git@example.com:x')).toBe('git@example.com:x');
  });
});

describe('references', () => {
  test.each([
    ['', 'is empty'],
    ['--upload-pack=x', "begins with '-'"],
    ['a b', 'spaces'],
    ['a\u0000', 'control'],
    ['main..other', 'not the name'],
    ['main~1', 'not the name'],
    ['@{u}', 'not the name'],
    ['refs/heads/*', 'not the name'],
    ['a:b', 'not the name'],
    ['x'.repeat(501), 'longer'],
  ])('%j is refused', (ref, reason) => expect(gitRefProblem(ref)).toContain(reason));

  test.each(['main', 'HEAD', 'feature/x-1', 'v1.2.3', 'refs/heads/main', 'a'.repeat(40)])(
    '%j may be asked for',
    (ref) => {
      expect(gitRefProblem(ref)).toBeNull();
    },
  );
});
