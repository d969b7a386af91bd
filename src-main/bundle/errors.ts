/** A working tree that cannot travel. The message names what is in the way and how to mend it; for people, without a stack. */
export class BundleError extends Error {
  override readonly name = 'BundleError';
}

/** Names up to `most` of them, one a line, and how many more there are. */
export function listed(lines: readonly string[], most = 10): string {
  const more = lines.length - most;
  return (
    lines
      .slice(0, most)
      .map((line) => `  ${line}`)
      .join('\n') + (more > 0 ? `\n  … and ${more} more` : '')
  );
}
