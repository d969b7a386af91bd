/** The port that the own coordinator had before, where nobody has taken it meanwhile: links and bookmarks go on working. */
import { createServer } from 'node:net';

/** `wanted` where it is free on this host, else 0, which is any free one. */
export async function freeOr0(wanted: number | null, host: string): Promise<number> {
  if (wanted === null) return 0;
  const server = createServer();
  const isFree = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false));
    server.listen({ port: wanted, host, exclusive: true }, () => resolve(true));
  });
  if (!isFree) return 0;
  await new Promise((resolve) => server.close(resolve));
  return wanted;
}
