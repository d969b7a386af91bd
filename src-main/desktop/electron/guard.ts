/** What every window and its session are kept from, whatever the page in them is made to try. */
import { createHash, X509Certificate } from 'node:crypto';
import { pinOf } from '../../../shared/protocol/pin.ts';
import { APP_ORIGIN, mayFrame, wayOf } from '../rules/external.ts';
import { mayUse } from '../rules/permissions.ts';
import type { ElectronParts, SessionPart, WebContentsPart } from './parts.ts';

export interface Trust {
  /** Origins of the active coordinator, for links. */
  origins: () => readonly string[];
  contentOrigin: () => string | null;
  /** Pin of the active coordinator where this is its host; null: the authorities of this system decide. */
  pinFor: (hostname: string) => string | null;
}

/** Verdicts of Chromium's certificate check. */
const GOOD = 0;
const BAD = -2;
const AS_CHROMIUM_SAYS = -3;

export function guardSession(session: SessionPart, { pinFor }: Trust): void {
  session.setPermissionRequestHandler((contents, permission, callback, { requestingUrl }) =>
    callback(contents.getURL().startsWith(`${APP_ORIGIN}/`) && mayUse(permission, originOf(requestingUrl))),
  );
  session.setPermissionCheckHandler((_contents, permission, origin) => mayUse(permission, origin));
  session.setDevicePermissionHandler(() => false);
  session.setCertificateVerifyProc(({ hostname, certificate }, callback) => {
    const pin = pinFor(hostname);
    callback(pin === null ? AS_CHROMIUM_SAYS : pinOfCertificate(certificate.data) === pin ? GOOD : BAD);
  });
}

/** To be called for every web contents that comes to be, ours or not. */
export function guardContents(
  contents: WebContentsPart,
  shell: ElectronParts['shell'],
  { origins, contentOrigin }: Trust,
): void {
  const lead = (address: string): void => {
    if (wayOf(address, origins()) === 'browser') void shell.openExternal(address);
  };
  contents.setWindowOpenHandler(({ url }) => {
    lead(url);
    return { action: 'deny' };
  });
  contents.on('will-navigate', (event) => {
    if (wayOf(event.url) === 'stay') return;
    event.preventDefault();
    lead(event.url);
  });
  contents.on('will-redirect', (event) => {
    if (event.isMainFrame ? wayOf(event.url) === 'stay' : mayFrame(event.url, contentOrigin())) return;
    event.preventDefault();
  });
  contents.on('will-frame-navigate', (event) => {
    if (event.isMainFrame || mayFrame(event.url, contentOrigin())) return;
    event.preventDefault();
  });
  contents.on('will-attach-webview', (event) => event.preventDefault());
}

/** `URL.origin` of our own scheme is "null" in Node. */
function originOf(address: string): string {
  if (!URL.canParse(address)) return '';
  const { protocol, host } = new URL(address);
  return `${protocol}//${host}`;
}

function pinOfCertificate(pem: string): string {
  const key = new X509Certificate(pem).publicKey.export({ type: 'spki', format: 'der' });
  return pinOf(createHash('sha256').update(key).digest('base64url'));
}
