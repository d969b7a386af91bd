/** Reads server-sent events out of a stream of text, piece by piece, as browsers do; only `id` and `data`, which is all that ours have. */

export interface SseMessage {
  /** null where the message has none: the position before it stays. */
  id: string | null;
  data: string;
}

export class SseParser {
  #rest = '';
  #id: string | null = null;
  #data: string[] = [];

  /** The messages that are complete with this piece. */
  push(piece: string): SseMessage[] {
    const lines = (this.#rest + piece).split(/\r\n|\n|\r/);
    this.#rest = lines.pop() ?? '';
    const messages: SseMessage[] = [];
    for (const line of lines) {
      if (line === '') {
        if (this.#data.length > 0) messages.push({ id: this.#id, data: this.#data.join('\n') });
        this.#id = null;
        this.#data = [];
      } else if (line.startsWith('data:')) this.#data.push(line.slice(5).replace(/^ /, ''));
      else if (line.startsWith('id:')) this.#id = line.slice(3).trim();
    }
    return messages;
  }
}
