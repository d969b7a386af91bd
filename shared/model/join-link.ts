/** The join line (`https://host:port#TOKEN.PIN`) as a link that the desktop app opens, and that a phone's camera reads. */

const BEFORE = 'playfleet://join/';

export const joinLinkOf = (line: string): string => BEFORE + encodeURIComponent(line);

/** The line in such a link, or in a plain one; null for what is neither. What the line says is not looked at. */
export function readJoinLink(text: string): string | null {
  const typed = text.trim();
  if (/^https?:\/\/\S+#\S+$/.test(typed)) return typed;
  if (!typed.toLowerCase().startsWith(BEFORE)) return null;
  try {
    const line = decodeURIComponent(typed.slice(BEFORE.length).replace(/\/$/, ''));
    return /^https?:\/\/\S+#\S+$/.test(line) ? line : null;
  } catch {
    return null;
  }
}
