/** Looks for coordinators that announce themselves on the LAN. What it finds is a hint where to look; a join code proves it. */
import { EventEmitter } from 'node:events';
import { Bonjour, Browser, type Service } from 'bonjour-service';
import type { Clock } from '../../shared/base/clock.ts';
import { LAN_SERVICE } from '../../shared/protocol/lan.ts';
import { LanList, readAnnounced, type Found } from './rules.ts';

/** Each round asks anew and forgets what it kept, so that a flood of announcements fills no memory. */
const ROUND_MS = 15_000;
const MOST_PACKETS_A_ROUND = 1000;
const MOST_RECORDS = 100;

export interface DiscoveryOptions {
  clock: Clock;
  /** Of multicast-dns: another port or interface. */
  socket?: object;
  /** Called when the list may have changed. */
  onChange?: () => void;
  /** Nothing can be heard, such as where another program holds the port. */
  onTrouble?: (error: Error) => void;
}

interface Packet {
  answers: unknown[];
  additionals: unknown[];
}

export class Discovery {
  readonly #clock: Clock;
  readonly #onChange: () => void;
  readonly #bonjour: Bonjour;
  readonly #list = new LanList();
  /** What the browser hears of the network. */
  readonly #ear = new EventEmitter();
  #browser: Browser | null = null;
  #packets = 0;
  #cancel = (): void => {};

  constructor({ clock, socket = {}, onChange = () => undefined, onTrouble = () => undefined }: DiscoveryOptions) {
    this.#clock = clock;
    this.#onChange = onChange;
    this.#bonjour = new Bonjour(socket, onTrouble);
    const { mdns } = this.#bonjour['server'] as unknown as { mdns: EventEmitter & { query: unknown } };
    mdns.on('error', onTrouble);
    mdns.on('response', (packet: Packet, sender: unknown) => this.#heard(packet, sender));
    Object.assign(this.#ear, { query: mdns.query });
    this.#round();
  }

  get found(): Found[] {
    return this.#list.found(this.#clock.monotonic());
  }

  close(): Promise<void> {
    this.#cancel();
    this.#browser?.stop();
    return new Promise((resolve) => this.#bonjour.destroy(() => resolve()));
  }

  /** Whatever a packet holds, reading it harms nobody but its sender. */
  #heard(packet: Packet, sender: unknown): void {
    this.#packets += 1;
    if (this.#packets > MOST_PACKETS_A_ROUND) return;
    if (packet.answers.length + packet.additionals.length > MOST_RECORDS) return;
    try {
      this.#ear.emit('response', packet, sender);
    } catch {
      // Records of a shape that the browser does not expect: nobody is announced by them.
    }
  }

  #round(): void {
    this.#packets = 0;
    this.#browser?.stop();
    this.#browser = new Browser(this.#ear, { type: LAN_SERVICE });
    this.#browser.on('up', (service) => this.#up(service));
    this.#browser.on('txt-update', (service) => this.#up(service));
    this.#browser.on('down', (service) => this.#down(service));
    this.#cancel = this.#clock.after(ROUND_MS, () => {
      this.#round();
      this.#onChange();
    });
  }

  #up(service: Service): void {
    const found = foundOf(service);
    if (found === null) return;
    this.#list.hear(found, this.#clock.monotonic());
    this.#onChange();
  }

  #down(service: Service): void {
    const found = foundOf(service);
    if (found === null) return;
    this.#list.leave(found.address);
    this.#onChange();
  }
}

/** Looks around for `ms`. Rejects where nothing can be heard at all. */
export function discover(ms: number, options: Pick<DiscoveryOptions, 'clock' | 'socket'>): Promise<Found[]> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      const { found } = discovery;
      discovery.close().then(() => resolve(found), reject);
    };
    const cancel = options.clock.after(ms, end);
    const discovery = new Discovery({
      ...options,
      onTrouble: (error) => {
        cancel();
        discovery.close().then(() => reject(error), reject);
      },
    });
  });
}

/** The sender of a packet is where it is; what it says of its addresses comes after. */
const foundOf = ({ port, txt, referer, addresses = [] }: Service): Found | null =>
  readAnnounced({ port, txt, addresses: [referer?.address, ...addresses] });
