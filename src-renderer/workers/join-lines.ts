/** The line that makes a machine a worker, for the shells that there are. */
export const SHELLS = ['posix', 'powershell', 'service'] as const;
export type Shell = (typeof SHELLS)[number];

export interface JoinWishes {
  slots: number | null;
  tags: readonly string[];
}

export function joinLine(shell: Shell, link: string, { slots, tags }: JoinWishes): string {
  // Neither shell reads anything inside of these quotes, and a link holds none of them.
  const verb = shell === 'service' ? 'worker install-service' : 'worker';
  const options = [`--join '${link}'`];
  if (slots !== null) options.push(`--slots ${slots}`);
  if (tags.length > 0) options.push(`--tags ${tags.join(',')}`);
  return `playfleet ${verb} ${options.join(' ')}`;
}

/** Tags as people type them: `gpu, office`. */
export const tagsIn = (text: string): string[] => [...new Set(text.split(/[,\s]+/).filter(Boolean))];

/** The first that the coordinator would refuse; null where all are good. */
export const badTag = (tags: readonly string[]): string | null =>
  tags.find((tag) => !/^[A-Za-z0-9][A-Za-z0-9._:/=-]{0,99}$/.test(tag)) ?? null;
