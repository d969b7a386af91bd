/** Which git addresses and references a run may name. git takes some of them for options or for programs to start. */

/** What git itself calls the protocols of remote repositories that prove who they are. */
export const GIT_PROTOCOLS: readonly string[] = ['https', 'ssh'];

/** Spaces, control and invisible characters: no address needs them. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\s]/u;
const HOST = '[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?';
/** `user@host:path`, which git reads as ssh. */
const SCP_LIKE = new RegExp(`^[A-Za-z0-9_][A-Za-z0-9._-]*@${HOST}:(?!/|-)[^:]+$`);
const WITH_SCHEME = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/i;

/** Why `url` may not be fetched from, as the end of a sentence that begins with "the git address"; null when it may. */
export function gitUrlProblem(url: string, protocols: readonly string[] = GIT_PROTOCOLS): string | null {
  if (url === '') return 'is empty';
  if (url.length > 2000) return 'is longer than 2000 characters';
  if (UNPRINTABLE.test(url)) return 'has spaces, control or invisible characters in it';
  if (url.startsWith('-')) return "begins with '-', which git would take for an option";
  if (/^[a-z0-9+.-]*::/i.test(url)) return "has '::' behind its first word, with which git starts a helper program";
  if (SCP_LIKE.test(url)) return protocols.includes('ssh') ? null : notAllowed('ssh', protocols);
  const [, scheme, rest] = WITH_SCHEME.exec(url) ?? [];
  if (scheme === undefined || rest === undefined)
    return 'is neither https://host/path nor ssh://user@host/path nor user@host:path';
  const protocol = scheme.toLowerCase();
  if (!protocols.includes(protocol)) return notAllowed(protocol, protocols);
  if (protocol === 'file') return rest.startsWith('/') ? null : 'is a file address without an absolute path';
  return hostProblem(rest);
}

function notAllowed(protocol: string, protocols: readonly string[]): string {
  return `uses ${protocol}, which is not allowed (only ${protocols.join(', ')})`;
}

/** ssh is started with the host as a word of its command line, so a host that begins with a dash would be an option to it. */
function hostProblem(rest: string): string | null {
  const authority = rest.split('/')[0] ?? '';
  const at = authority.lastIndexOf('@');
  const user = authority.slice(0, Math.max(at, 0));
  const host = authority.slice(at + 1);
  if (user.startsWith('-') || user.startsWith('%2d') || user.startsWith('%2D'))
    return "has a user that begins with '-'";
  if (!new RegExp(`^(${HOST}|\\[[0-9A-Fa-f:.]+\\])(:[0-9]{1,5})?$`).test(host))
    return `has no plain host name (${host || 'none'})`;
  return null;
}

/** Why `ref` may not be asked for, as the end of a sentence that begins with "the git reference"; null when it may. */
export function gitRefProblem(ref: string): string | null {
  if (ref === '') return 'is empty';
  if (ref.length > 500) return 'is longer than 500 characters';
  if (UNPRINTABLE.test(ref)) return 'has spaces, control or invisible characters in it';
  if (ref.startsWith('-')) return "begins with '-', which git would take for an option";
  if (/[~^:?*[\\]|\.\.|@\{|\/\/|\.lock$|^\/|\/$|\.$/.test(ref)) return 'is not the name of a branch, tag or commit';
  return null;
}

/** The address without a password or token in it, for messages and logs. */
export function redactGitUrl(url: string): string {
  return url.replace(/^([a-z+]+:\/\/)[^/@]*@/i, '$1');
}
