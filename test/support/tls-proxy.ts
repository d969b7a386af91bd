/** Somebody between a client and a coordinator: lets bytes pass unread, or opens the encryption with a certificate of their own. */
import { once } from 'node:events';
import net, { type AddressInfo, type Socket } from 'node:net';
import tls from 'node:tls';
import { onTestFinished } from 'vitest';

export class TlsProxy {
  /** Where clients go, as https. */
  readonly url: string;
  /** Handshakes that somebody began with the proxy's own certificate. */
  handshakes = 0;
  /** What it could read: nothing, as long as clients notice. */
  heard = '';
  #target: number;
  #evil: tls.SecureContextOptions | null = null;
  readonly #sockets = new Set<Socket>();
  #waiting: (() => void)[] = [];

  private constructor(port: number, target: number) {
    this.url = `https://127.0.0.1:${port}`;
    this.#target = target;
  }

  static async start(coordinator: { url: string }): Promise<TlsProxy> {
    const server = net.createServer((socket) => proxy.#pass(socket));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const proxy = new TlsProxy((server.address() as AddressInfo).port, portOf(coordinator));
    onTestFinished(() => {
      proxy.#cut();
      server.close();
    });
    return proxy;
  }

  /** From now on bytes pass, to this coordinator. */
  passTo(coordinator: { url: string }): void {
    this.#evil = null;
    this.#target = portOf(coordinator);
    this.#cut();
  }

  /** From now on this key and certificate answer, and what is said is read. */
  intercept(certificate: tls.SecureContextOptions): void {
    this.#evil = certificate;
    this.#cut();
  }

  /** Resolves when `times` handshakes were begun in all. */
  async untilHandshakes(times: number): Promise<void> {
    while (this.handshakes < times) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #pass(socket: Socket): void {
    this.#keep(socket);
    if (this.#evil) return this.#open(socket, this.#evil);
    const behind = this.#keep(net.connect(this.#target, '127.0.0.1'));
    socket.pipe(behind).pipe(socket);
    socket.once('close', () => behind.destroy());
    behind.once('close', () => socket.destroy());
  }

  #open(socket: Socket, certificate: tls.SecureContextOptions): void {
    this.handshakes += 1;
    for (const resolve of this.#waiting.splice(0)) resolve();
    const opened = new tls.TLSSocket(socket, { isServer: true, secureContext: tls.createSecureContext(certificate) });
    opened.on('error', () => socket.destroy());
    opened.on('data', (bytes: Buffer) => (this.heard += bytes.toString('latin1')));
    this.#keep(opened);
  }

  #keep<S extends Socket>(socket: S): S {
    this.#sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => this.#sockets.delete(socket));
    return socket;
  }

  #cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}

const portOf = ({ url }: { url: string }): number => Number(new URL(url).port);
