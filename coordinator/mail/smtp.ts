/** Hands one mail to the mail server. */
import type { Content } from './render.ts';

export interface SmtpSettings {
  server: string;
  port: number;
  user: string | null;
  password: string | null;
  from: string;
  /** starttls: encrypted from the first command on, or not at all. tls: from the first byte on. none: never. */
  tls: 'starttls' | 'tls' | 'none';
}

/** null: a mail server or a sender is not set. */
export function smtpOf(values: {
  smtp_server: string | null;
  smtp_port: number;
  smtp_user: string | null;
  smtp_password: string | null;
  smtp_from: string | null;
  smtp_tls: SmtpSettings['tls'];
}): SmtpSettings | null {
  const { smtp_server: server, smtp_port: port, smtp_from: from, smtp_tls: tls } = values;
  if (server === null || from === null) return null;
  return { server, port, from, tls, user: values.smtp_user, password: values.smtp_password };
}

export interface Parcel {
  /** Stays the same with each try, so that a mail server can tell that it has it already. */
  id: string;
  recipient: string;
  content: Content;
}

/** `server`: nothing can be sent now. `mail`: this one could not, but may later. `never`: this one cannot at all. */
export class SmtpFailure extends Error {
  override readonly name = 'SmtpFailure';
  readonly what: 'server' | 'mail' | 'never';

  constructor(message: string, what: SmtpFailure['what'], options?: ErrorOptions) {
    super(message, options);
    this.what = what;
  }
}

const PATIENCE = { dnsTimeout: 10_000, connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 20_000 };

/** In all, also with a server that says a little now and then. */
const LONGEST_MS = 60_000;

/** Resolves when the server has taken it. @throws SmtpFailure with what the server or the network said. */
export async function sendMail(
  settings: SmtpSettings,
  { id, recipient, content }: Parcel,
  signal: AbortSignal,
): Promise<void> {
  // Loaded with the first mail: most installations send none.
  const { createTransport } = await import('nodemailer');
  const { server, port, user, password, from, tls } = settings;
  const transport = createTransport({
    host: server,
    port,
    secure: tls === 'tls',
    requireTLS: tls === 'starttls',
    ignoreTLS: tls === 'none',
    ...(user === null ? {} : { auth: { user, pass: password ?? '' } }),
    tls: { minVersion: 'TLSv1.2' },
    disableFileAccess: true,
    disableUrlAccess: true,
    ...PATIENCE,
  });
  try {
    await transport.sendMail({
      messageId: `<${id}@${domainOf(from)}>`,
      from,
      to: { name: '', address: recipient },
      ...content,
      // Holiday notices and the like are not wanted in return.
      headers: { 'Auto-Submitted': 'auto-generated' },
      signal: AbortSignal.any([signal, AbortSignal.timeout(LONGEST_MS)]),
    });
  } catch (error) {
    throw toFailure(error as Error & { code?: string; responseCode?: number });
  } finally {
    transport.close();
  }
}

/** What a server says of one mail or recipient; all else concerns the way to it, or our right to use it. */
const OF_ONE_MAIL = new Set(['EENVELOPE', 'EMESSAGE']);

function toFailure(error: Error & { code?: string; responseCode?: number }): SmtpFailure {
  const { code = '', responseCode = 0 } = error;
  const message = error.message.replace(/[^\P{C}]+/gu, ' ').trim();
  if (!OF_ONE_MAIL.has(code)) return new SmtpFailure(message, 'server', { cause: error });
  return new SmtpFailure(message, responseCode >= 500 ? 'never' : 'mail', { cause: error });
}

/** Of `a@b.example` and of `Team <a@b.example>`. */
const domainOf = (from: string): string => /@([^\s<>@]+)>?\s*$/.exec(from)?.[1] ?? 'localhost';
