/** Announces this coordinator on the LAN, where its owner wants that. What is said is a hint: machines prove by a code whom they talk to. */
import { Bonjour } from 'bonjour-service';
import { LAN_SERVICE, lanTxt } from '../../shared/protocol/lan.ts';

/** How long the goodbye may take. */
const GOODBYE_MS = 1000;

export interface AnnounceOptions {
  /** Of the API, https. */
  port: number;
  version: string;
  /** The same after its address has changed. */
  id: string;
  name: string;
  /** Of the key that connections show. */
  pin: string;
  /** Of multicast-dns: another port or interface. */
  socket?: object;
  report: (error: unknown, during: string) => void;
}

/** Returns what ends it, with a goodbye to all who heard. */
export function announce({ port, socket = {}, report, ...said }: AnnounceOptions): () => Promise<void> {
  const trouble = (error: unknown): void => report(error, 'announcing on the LAN');
  const bonjour = new Bonjour(socket, trouble);
  // Where another program holds the port: nobody may die of it.
  const { mdns } = bonjour['server'] as unknown as {
    mdns: { on(name: 'error', listener: (e: unknown) => void): void };
  };
  mdns.on('error', trouble);
  // The name on the wire is unique by the installation's id, so nobody has to be asked for it.
  const name = `playfleet-${said.id.slice(0, 16)}`;
  bonjour.publish({ name, type: LAN_SERVICE, port, txt: { ...lanTxt(said) }, probe: false });
  return () =>
    new Promise((resolve) => {
      const late = setTimeout(end, GOODBYE_MS);
      function end(): void {
        clearTimeout(late);
        bonjour.destroy(() => resolve());
      }
      bonjour.unpublishAll(end);
    });
}
