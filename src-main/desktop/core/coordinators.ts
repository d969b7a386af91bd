/** The coordinators that this computer remembers, and which of them it works for. */
import type { RememberedCoordinator } from '../../../shared/protocol/desktop/state.ts';
import type { JoinWay } from '../../../shared/protocol/desktop/wizard.ts';
import { idFor, remembering, whyNotForgotten, without } from '../../agent/coordinators/rules.ts';
import type { KnownCoordinator, SettingsStore } from '../keep/settings.ts';
import type { Credentials } from '../page/credentials.ts';
import type { Target } from '../page/proxy.ts';
import type { Listening } from '../parts/coordinator-part.ts';
import { lookAt, rightsOf, type EnrolmentDeps, type Found } from './enrolment.ts';
import { DesktopRefusal } from './refusal.ts';

/** The id of this computer's own. */
export const OWN = 'own';

export interface CoordinatorsDeps extends EnrolmentDeps {
  settings: SettingsStore;
  credentials: Credentials;
  /** The own one, while it runs. */
  listening: () => Listening | null;
  /** Who stands in for the active one, where that is followed. */
  standIn: () => Target | null;
}

export class Coordinators {
  readonly #deps: CoordinatorsDeps;
  /** Links that enrol, until they are spent: in memory only. */
  readonly #links = new Map<string, string>();

  constructor(deps: CoordinatorsDeps) {
    this.#deps = deps;
  }

  get active(): KnownCoordinator | null {
    return this.#deps.settings.active;
  }

  remembered(): RememberedCoordinator[] {
    const { settings, credentials } = this.#deps;
    return settings.value.coordinators.map(({ id, name, url, pin, own }) => ({
      id,
      name,
      url: own ? (this.#deps.listening()?.url ?? null) : url,
      pinned: pin !== null,
      own,
      active: id === settings.value.active,
      signedIn: credentials.isSignedIn(id),
    }));
  }

  /** Where the page's requests go; null: nowhere yet. */
  target(): Target | null {
    return this.#deps.standIn() ?? this.home();
  }

  /** The active one itself, whoever stands in for it; null: there is none, or it does not run. */
  home(): Target | null {
    const { active } = this;
    if (active === null) return null;
    const at = active.own ? this.#deps.listening() : active;
    return at === null || at.url === null ? null : { id: active.id, url: at.url, pin: at.pin };
  }

  /** The links that enrol at it; null where there is none, or it was spent. */
  linkFor(id: string): string | null {
    return this.#links.get(id) ?? null;
  }

  /** The agent has a key of its own now. */
  enrolled(id: string): void {
    this.#links.delete(id);
  }

  /** Remembers who answers to a link or code, and makes it the active one. @throws DesktopRefusal, CliFailure, NotKept. */
  async add(join: JoinWay): Promise<void> {
    await this.take(await lookAt(join, this.#deps));
  }

  /** The same for one that has answered already. */
  async take(found: Found): Promise<void> {
    const { settings, credentials } = this.#deps;
    const { url, pin, name, contentUrl } = found;
    const others = settings.value.coordinators.filter((one) => !one.own);
    const known = others.find((one) => one.url === url);
    if (known !== undefined && known.pin !== null && known.pin !== pin && pin !== null)
      throw new DesktopRefusal(
        'other_certificate',
        `${url} had another certificate until now. If it was made anew, forget this coordinator first, then add it again.`,
        'link',
      );
    const id = idFor({ url, called: new URL(url).host }, others, [OWN]);
    const rights = await rightsOf(found, known !== undefined, this.#deps);
    if (rights.apiToken !== null) await credentials.setToken(id, rights.apiToken);
    if (rights.join !== null) this.#links.set(id, rights.join);
    const { copySecrets = false } = known ?? {};
    const kept = { pin: pin ?? known?.pin ?? null, own: false, copySecrets };
    const entry: KnownCoordinator = { id, name, url, contentUrl, ...kept };
    await settings.change(remembering(settings.value, entry));
  }

  /** The own one begins to be remembered, and is the active one. */
  async takeOwn(name: string): Promise<void> {
    const { settings } = this.#deps;
    const { coordinators } = settings.value;
    const own: KnownCoordinator = {
      id: OWN,
      name,
      url: null,
      pin: null,
      contentUrl: null,
      own: true,
      copySecrets: false,
    };
    const all = coordinators.some(({ id }) => id === OWN) ? coordinators : [...coordinators, own];
    await settings.change({ coordinators: all, active: OWN });
  }

  /** What the own one said when it began to listen: where it is, and at a first start how one gets in. */
  async ownListens({ url, pin, contentUrl, adminLink, join }: Listening): Promise<void> {
    const { settings, credentials } = this.#deps;
    const coordinators = settings.value.coordinators.map((one) => (one.own ? { ...one, url, pin, contentUrl } : one));
    await settings.change({ coordinators });
    if (join !== null) this.#links.set(OWN, join);
    if (adminLink === null) return;
    const found = await lookAt({ by: 'link', link: adminLink }, this.#deps);
    const rights = await rightsOf(found, join !== null, this.#deps);
    if (rights.join !== null) this.#links.set(OWN, rights.join);
    if (rights.apiToken !== null) await credentials.setToken(OWN, rights.apiToken);
  }

  async choose(id: string): Promise<void> {
    this.#known(id);
    await this.#deps.settings.change({ active: id });
  }

  /** Whether values of secrets may lie in this computer's copy of the active one. False where that is said already. */
  async letSecretsIn(on: boolean): Promise<boolean> {
    const { active } = this;
    if (active === null || active.own)
      throw new DesktopRefusal('own', 'This computer works for itself: it keeps no copy of its coordinator.');
    if (active.copySecrets === on) return false;
    const { settings } = this.#deps;
    const changed = (one: KnownCoordinator) => (one.id === active.id ? { ...one, copySecrets: on } : one);
    await settings.change({ coordinators: settings.value.coordinators.map(changed) });
    return true;
  }

  /** Only this app forgets: the coordinator keeps the worker until somebody removes it there. */
  async forget(id: string): Promise<void> {
    const { own } = this.#known(id);
    const { settings, credentials } = this.#deps;
    if (own)
      throw new DesktopRefusal('own', 'The coordinator of this computer holds its runs and is not forgotten.', 'id');
    if (whyNotForgotten(settings.value, id) === 'active')
      throw new DesktopRefusal(
        'active',
        'This is the active coordinator. Choose another one first, then forget it.',
        'id',
      );
    await credentials.forget(id);
    this.#links.delete(id);
    await settings.change({ coordinators: without(settings.value, id) });
  }

  #known(id: string): KnownCoordinator {
    const known = this.#deps.settings.value.coordinators.find((one) => one.id === id);
    if (known === undefined) throw new DesktopRefusal('unknown', 'There is no coordinator with this id.', 'id');
    return known;
  }
}
