/** Lets what speaks plain HTTP reach a promoted coordinator, which serves https with a certificate of its own: pass its bytes on as they are. */
import { createServer, type AddressInfo } from 'node:net';
import { connect } from 'node:tls';

export interface PlainProxy {
  url: string;
  close(): Promise<void>;
}

export async function startPlainProxy(target: string): Promise<PlainProxy> {
  const { hostname, port } = new URL(target);
  const open = new Set<() => void>();
  const server = createServer((client) => {
    // Whether the certificate is the right one is checked by the commands that promote and switch.
    const coordinator = connect({ host: hostname, port: Number(port), rejectUnauthorized: false });
    const end = (): void => {
      open.delete(end);
      client.destroy();
      coordinator.destroy();
    };
    open.add(end);
    client.pipe(coordinator).pipe(client);
    for (const socket of [client, coordinator]) socket.on('error', end).on('close', end);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        open.forEach((end) => end());
        server.close(() => resolve());
      }),
  };
}
