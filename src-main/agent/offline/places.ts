/** Where an agent's data folder holds what is for the time without its coordinator. */
import path from 'node:path';

export interface OfflinePlaces {
  copy: string;
  /** About the copy, in the clear: its age, and by whose word this machine may stand in. */
  copyState: string;
  /** Key of the certificate that the statement names. */
  promotionKey: string;
  /** What lets this machine bring home what it did. */
  sync: string;
  /** Databases of promoted coordinators, one folder for each promotion. */
  promoted: string;
  /** Outbox and uploads for other coordinators than the one it enrolled at. */
  away: string;
  /** Holds the key that seals the copy, unless the settings name another file, or a key is given (copy-key.ts). */
  copyKey: string;
}

export function placesIn(dataDir: string): OfflinePlaces {
  const at = (...names: string[]): string => path.join(dataDir, ...names);
  return {
    copy: at('warm-copy', 'copy.sealed'),
    copyState: at('warm-copy', 'state.json'),
    promotionKey: at('promotion-key.pem'),
    sync: at('promotion-sync.json'),
    promoted: at('promoted'),
    away: at('away'),
    copyKey: at('copy.key'),
  };
}
