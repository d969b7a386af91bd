/** What the app needs of others: of the desktop around it (electron/), and of what joins and updates. */
import type { DesktopFacts } from '../../../shared/protocol/desktop/agent.ts';
import type { DesktopTell } from '../../../shared/protocol/desktop/calls.ts';
import type { Told } from '../../../shared/protocol/desktop/api.ts';
import type { UpdateState } from '../../../shared/protocol/desktop/state.ts';
import type { FoundCoordinator } from '../../../shared/protocol/desktop/wizard.ts';
import type { Cipher } from '../keep/vault.ts';
import type { Notice } from '../rules/notices.ts';
import type { TrayView } from '../rules/tray.ts';

/** The desktop that the app runs on. */
export interface System {
  cipher: Cipher;
  /** Of the person, the most wanted first, as `de-DE`. */
  languages: readonly string[];
  timeZone: string;
  /** Opens the window, or brings it to the front; null: where it is. */
  show(page: string | null): void;
  /** To every page that is open. */
  tell<K extends DesktopTell>(name: K, told: Told<K>): void;
  draw(view: TrayView): void;
  notify(notice: Notice): void;
  ask(question: { title: string; text: string; yes: string; no: string }): Promise<boolean>;
  /** Rejects with an Error for the owner. */
  setStartAtLogin(on: boolean): Promise<void>;
  openFolder(folder: string): Promise<void>;
  crashes: CrashReports;
  /** As they are now. */
  facts(): DesktopFacts;
  /** Somebody has the app's window before them. */
  isWatched(): boolean;
  /** Ends the app's own process. */
  exit(): void;
}

export interface CrashReports {
  list(): Promise<{ name: string; at: number; bytes: number }[]>;
  deleteAll(): Promise<void>;
}

/** How other coordinators are found and joined. */
export interface Joining {
  /** What announces itself on the LAN within some seconds; `onFound` with all that is known so far. */
  discover(onFound: (found: FoundCoordinator[]) => void): Promise<FoundCoordinator[]>;
  /** A join link (`URL#TOKEN`) for the words that stand on the coordinator's dashboard. Rejects with an Error for the owner. */
  redeem(asked: { address: string; code: string }): Promise<string>;
}

export interface Updating {
  readonly state: UpdateState;
  onChange: () => void;
  /** From now on by itself, as the preferences say. */
  start(): void;
  check(): Promise<void>;
  install(now: boolean): Promise<void>;
  /** Something has changed that may matter: tests have ended, another coordinator is active. */
  wake(): void;
  stop(): void;
  /** Ends the process in its own way, so that another version can begin; false: there is none, and the app ends as usual. */
  leave(): boolean;
}
