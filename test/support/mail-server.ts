/** A mail server that speaks SMTP as far as senders need it: for tests that say how it behaves. */
import { once } from 'node:events';
import net, { type AddressInfo, type Socket } from 'node:net';
import tls from 'node:tls';
import { onTestFinished } from 'vitest';

export interface Mail {
  from: string;
  to: string;
  /** Header and body as they came, dots undone. */
  raw: string;
  /** The connection was encrypted. */
  encrypted: boolean;
  /** Who had signed in; null: nobody. */
  user: string | null;
}

export interface MailServerOptions {
  /** Offers STARTTLS. */
  tls?: { key: Buffer; cert: Buffer };
  /** Takes mails only from them. */
  login?: { user: string; password: string };
}

/** What it answers to a step of the dialogue, such as `550 no such user`; undefined: what it should; 'silence': nothing. */
export type Behaviour = (
  step: 'greeting' | 'AUTH' | 'MAIL' | 'RCPT' | 'DATA' | 'body',
  line: string,
) => string | undefined;

export class MailServer {
  readonly port: number;
  readonly mails: Mail[] = [];
  /** Connections so far. */
  connections = 0;
  /** Lines of all clients, bodies left out. */
  readonly lines: string[] = [];
  behave: Behaviour = () => undefined;
  readonly #options: MailServerOptions;
  readonly #server: net.Server;
  readonly #sockets = new Set<Socket>();
  #waiting: (() => void)[] = [];

  private constructor(server: net.Server, options: MailServerOptions) {
    this.#server = server;
    this.#options = options;
    this.port = (server.address() as AddressInfo).port;
  }

  static async start(options: MailServerOptions = {}, port = 0): Promise<MailServer> {
    const server = net.createServer((socket) => mailServer.#serve(socket));
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    const mailServer = new MailServer(server, options);
    onTestFinished(() => mailServer.stop());
    return mailServer;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Resolves when `look` finds something. */
  async until<T>(look: () => T | undefined | false): Promise<T> {
    for (;;) {
      const found = look();
      if (found !== undefined && found !== false) return found;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  #serve(socket: Socket): void {
    this.connections += 1;
    this.#sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => this.#sockets.delete(socket));
    this.#noticed();
    this.#say(socket, this.behave('greeting', '') ?? '220 test');
    this.#talk(socket, false);
  }

  #say(socket: Socket, answer: string): void {
    if (answer !== 'silence') socket.write(answer.replaceAll('\n', '\r\n') + '\r\n');
  }

  #talk(socket: Socket, encrypted: boolean): void {
    const { tls: secret, login } = this.#options;
    let rest = '';
    let body: string[] | null = null;
    let user: string | null = null;
    let mail = { from: '', to: '' };
    const onLine = (line: string): void => {
      if (body) {
        if (line !== '.') return void body.push(line.replace(/^\./, ''));
        const raw = body.join('\n');
        body = null;
        const answer = this.behave('body', '') ?? '250 taken';
        if (answer.startsWith('2')) this.mails.push({ ...mail, raw, encrypted, user });
        return this.#say(socket, answer);
      }
      this.lines.push(line);
      const verb = line.split(' ')[0]?.toUpperCase();
      if (verb === 'EHLO' || verb === 'HELO') {
        const offers = ['test', ...(secret && !encrypted ? ['STARTTLS'] : []), ...(login ? ['AUTH PLAIN'] : []), 'OK'];
        return this.#say(socket, offers.map((one, i) => `250${i < offers.length - 1 ? '-' : ' '}${one}`).join('\n'));
      }
      if (verb === 'STARTTLS' && secret) {
        this.#say(socket, '220 go');
        socket.removeAllListeners('data');
        const secure = new tls.TLSSocket(socket, { isServer: true, secureContext: tls.createSecureContext(secret) });
        secure.on('error', () => socket.destroy());
        return this.#talk(secure, true);
      }
      if (verb === 'AUTH') {
        const [, name, password] = Buffer.from(line.split(' ')[2] ?? '', 'base64')
          .toString()
          .split('\0');
        const right = name === login?.user && password === login?.password;
        if (right) user = name ?? null;
        return this.#say(
          socket,
          this.behave('AUTH', line) ?? (right ? '235 welcome' : '535 5.7.8 wrong user or password'),
        );
      }
      if (verb === 'MAIL') {
        if (login && user === null) return this.#say(socket, '530 5.7.0 sign in first');
        mail = { from: inAngles(line), to: '' };
        return this.#say(socket, this.behave('MAIL', line) ?? '250 ok');
      }
      if (verb === 'RCPT') {
        mail.to = inAngles(line);
        return this.#say(socket, this.behave('RCPT', line) ?? '250 ok');
      }
      if (verb === 'DATA') {
        const answer = this.behave('DATA', line) ?? '354 go on';
        if (answer.startsWith('354')) body = [];
        return this.#say(socket, answer);
      }
      this.#say(socket, verb === 'QUIT' ? '221 bye' : verb === 'RSET' ? '250 ok' : '502 5.5.1 not here');
    };
    socket.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk.toString('utf8')).split('\r\n');
      rest = lines.pop() ?? '';
      for (const line of lines) onLine(line);
      this.#noticed();
    });
  }

  #noticed(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

const inAngles = (line: string): string => /<([^>]*)>/.exec(line)?.[1] ?? '';

/** The parts of a mail by their type, decoded. */
export function partsOf({ raw }: Mail): { subject: string; text: string; html: string; header: string } {
  const header = raw.slice(0, raw.indexOf('\n\n'));
  const part = (type: string): string => {
    const found = new RegExp(
      `Content-Type: ${type}[^\\n]*\\n(?:[^\\n]+\\n)*?Content-Transfer-Encoding: (\\S+)\\n(?:[^\\n]+\\n)*\\n([\\s\\S]*?)\\n--`,
    ).exec(raw);
    if (!found) return '';
    const [, encoding, body = ''] = found;
    if (encoding === 'base64') return Buffer.from(body, 'base64').toString('utf8');
    return encoding === 'quoted-printable' ? unquoted(body) : body;
  };
  const words = /^Subject: ([^\n]*(?:\n [^\n]*)*)/m.exec(header)?.[1] ?? '';
  const subject = words
    .replace(/\n /g, ' ')
    .replace(/=\?UTF-8\?Q\?(.*?)\?=\s*/g, (_, text: string) => unquoted(text.replaceAll('_', ' ')));
  return { subject, text: part('text/plain'), html: part('text/html'), header };
}

function unquoted(text: string): string {
  const bytes = text
    .replace(/=\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
