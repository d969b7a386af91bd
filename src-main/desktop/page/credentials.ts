/** As whom the app asks a coordinator: a session that somebody signed in to, else a token. Kept in the vault, one entry per coordinator. */
import { z } from 'zod';
import type { Vault } from '../keep/vault.ts';

const credential = z.strictObject({
  token: z.string().nullable(),
  /** As the coordinator has set them, by name. */
  cookies: z.record(z.string(), z.string()),
});
type Credential = z.infer<typeof credential>;

const NONE: Credential = { token: null, cookies: {} };
const nameOf = (coordinatorId: string): string => `coordinator ${coordinatorId}`;

export class Credentials {
  readonly #vault: Vault;
  readonly #onChange: () => void;

  constructor(vault: Vault, onChange: () => void) {
    this.#vault = vault;
    this.#onChange = onChange;
  }

  isSignedIn(id: string): boolean {
    const { token, cookies } = this.#read(id);
    return token !== null || hasSession(cookies);
  }

  /** Not of a session; null: none. */
  tokenOf(id: string): string | null {
    return this.#read(id).token;
  }

  /** Headers that say who asks. A change by cookie must come from a page of the coordinator, which is what the app's pages stand for. */
  headersFor(id: string, url: string): Record<string, string> {
    const { token, cookies } = this.#read(id);
    const named = Object.entries(cookies);
    const cookie = named.map(([name, value]) => `${name}=${value}`).join('; ');
    if (token !== null && !hasSession(cookies)) return { authorization: `Bearer ${token}` };
    return { origin: new URL(url).origin, ...(cookie === '' ? {} : { cookie }) };
  }

  /** @throws NotKept where the owner has not said where secrets may be kept. */
  async setToken(id: string, token: string): Promise<void> {
    await this.#write(id, { ...this.#read(id), token });
  }

  /** What an answer sets and deletes. @throws NotKept */
  async learn(id: string, answer: Headers): Promise<void> {
    const set = answer.getSetCookie();
    if (set.length === 0) return;
    const { token, cookies } = this.#read(id);
    const next = { ...cookies };
    for (const each of set) {
      const [pair = '', ...attributes] = each.split(';').map((part) => part.trim());
      const at = pair.indexOf('=');
      if (at < 1) continue;
      const isGone = attributes.some((one) => /^max-age=(0|-\d+)$/i.test(one)) || pair.length === at + 1;
      if (isGone) delete next[pair.slice(0, at)];
      else next[pair.slice(0, at)] = pair.slice(at + 1);
    }
    // Signing out ends what the token allowed, too.
    const isOut = hasSession(cookies) && !hasSession(next);
    await this.#write(id, { token: isOut ? null : token, cookies: next });
  }

  async forget(id: string): Promise<void> {
    await this.#vault.set(nameOf(id), null);
    this.#onChange();
  }

  async #write(id: string, value: Credential): Promise<void> {
    await this.#vault.set(nameOf(id), JSON.stringify(value));
    this.#onChange();
  }

  #read(id: string): Credential {
    const text = this.#vault.get(nameOf(id));
    if (text === null) return NONE;
    const parsed = credential.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : NONE;
  }
}

const hasSession = (cookies: Readonly<Record<string, string>>): boolean =>
  Object.keys(cookies).some((name) => name.endsWith('playfleet_session'));
