/** Stands between an agent and its coordinator: passes HTTP on as it is, and WebSocket frames as `tamper` decides. */
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';

export interface LinkProxy {
  url: string;
  /** Breaks all links that are open now. */
  cut(): void;
  close(): Promise<void>;
}

/** Returns what is passed on instead of `text`: nothing, it once, or several times; `later` passes something on afterwards. */
export type Tamper = (
  from: 'agent' | 'coordinator',
  text: string,
  cut: () => void,
  later: (text: string) => void,
) => string[];

/** A request as it passed, its body as text. */
export interface SeenRequest {
  method: string;
  /** With its query. */
  path: string;
  authorization: string;
  body: string;
}

export async function startProxy(
  target: string,
  tamper: Tamper,
  seen: (request: SeenRequest) => void = () => undefined,
): Promise<LinkProxy> {
  const server: Server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () =>
      seen({
        method: incoming.method ?? '',
        path: incoming.url ?? '',
        authorization: incoming.headers.authorization ?? '',
        body: Buffer.concat(chunks).toString(),
      }),
    );
    const onward = request(target + incoming.url, { method: incoming.method, headers: incoming.headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on('error', () => outgoing.destroy());
    incoming.pipe(onward);
  });
  const sockets = new WebSocketServer({ server });
  const open = new Set<WebSocket>();
  sockets.on('connection', (agent, incoming) => {
    const headers = { authorization: incoming.headers.authorization ?? '' };
    const coordinator = new WebSocket(target.replace(/^http/, 'ws') + (incoming.url ?? ''), { headers });
    const early: string[] = [];
    const cut = (): void => {
      agent.terminate();
      coordinator.terminate();
    };
    const pass = (from: 'agent' | 'coordinator', to: WebSocket) => (data: Buffer) => {
      const send = (text: string): void => {
        if (to.readyState === WebSocket.CONNECTING) early.push(text);
        else if (to.readyState === WebSocket.OPEN) to.send(text);
      };
      tamper(from, data.toString(), cut, send).forEach(send);
    };
    open.add(agent);
    agent.on('message', pass('agent', coordinator));
    coordinator.on('message', pass('coordinator', agent));
    coordinator.on('open', () => early.splice(0).forEach((text) => coordinator.send(text)));
    coordinator.on('close', () => agent.terminate());
    coordinator.on('error', () => agent.terminate());
    agent.on('error', () => coordinator.terminate());
    agent.on('close', () => {
      open.delete(agent);
      coordinator.terminate();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut: () => open.forEach((agent) => agent.terminate()),
    close: () =>
      new Promise((resolve) => {
        open.forEach((agent) => agent.terminate());
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
