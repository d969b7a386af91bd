/** How a coordinator is announced on the LAN by multicast DNS. Anybody there can announce anything: it is a hint where to look, nothing more. */

/** `_playfleet._tcp` */
export const LAN_SERVICE = 'playfleet';
export const LAN_PROTOCOL = '1';

/** As TXT strings. */
export interface LanTxt {
  /** LAN_PROTOCOL. */
  v: string;
  /** Of the program. */
  version: string;
  /** Of the installation: the same after its address has changed. */
  id: string;
  /** For people. */
  name: string;
  /** Beginning of the pin, for people who compare. */
  fp: string;
}

const FINGERPRINT_LETTERS = 12;
/** So that a TXT string stays below 255 bytes, whatever the script. */
export const LAN_NAME_LETTERS = 60;

export const fingerprintOf = (pin: string): string => pin.replace(/^pfp_/, '').slice(0, FINGERPRINT_LETTERS);

export function lanTxt({ version, id, name, pin }: { version: string; id: string; name: string; pin: string }): LanTxt {
  const short = [...name].slice(0, LAN_NAME_LETTERS).join('');
  return { v: LAN_PROTOCOL, version: version.slice(0, 40), id: id.slice(0, 64), name: short, fp: fingerprintOf(pin) };
}
