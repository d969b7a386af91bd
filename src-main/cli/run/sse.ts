/** Reads text/event-stream as the HTML standard describes it, as far as the coordinator uses it. */

export interface SseMessage {
  /** null where the message has none. */
  id: string | null;
  data: string;
}

/** Messages of a stream, with null for each chunk that held none (pings), so that the reader sees that the stream is alive. */
export async function* readSse(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<SseMessage | null> {
  const decoder = new TextDecoder();
  let rest = '';
  let id: string | null = null;
  let data: string[] = [];
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    let any = false;
    for (const raw of lines) {
      const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
      if (line === '') {
        if (data.length > 0) {
          any = true;
          yield { id, data: data.join('\n') };
        }
        id = null;
        data = [];
      } else if (line.startsWith('data:')) data.push(valueOf(line, 5));
      else if (line.startsWith('id:')) id = valueOf(line, 3);
    }
    if (!any) yield null;
  }
}

const valueOf = (line: string, at: number) => line.slice(line[at] === ' ' ? at + 1 : at);
