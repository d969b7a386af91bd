/** What a text says as JSON; null where it is none, as for the text `null`: whoever asks checks the shape anyway. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
