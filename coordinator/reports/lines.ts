/** Reading newline-delimited files of any size without holding them. */

/** A line that is longer than the reader was told to hold. */
export class LineTooLong extends Error {}

/**
 * Yields each line without its newline, as bytes, so that the caller can count offsets. Holds one chunk and one line.
 * Throws LineTooLong beyond `maxBytes`.
 */
export async function* readLines(chunks: AsyncIterable<Buffer>, maxBytes: number): AsyncGenerator<Buffer> {
  let parts: Buffer[] = [];
  let held = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
      if (held + end - start > maxBytes) throw new LineTooLong(`a line is longer than ${maxBytes} bytes`);
      const piece = chunk.subarray(start, end);
      yield parts.length === 0 ? piece : Buffer.concat([...parts, piece]);
      parts = [];
      held = 0;
      start = end + 1;
    }
    if (start === chunk.length) continue;
    parts.push(chunk.subarray(start));
    held += chunk.length - start;
    if (held > maxBytes) throw new LineTooLong(`a line is longer than ${maxBytes} bytes`);
  }
  if (held > 0) yield Buffer.concat(parts);
}
