/** One thing after another, each with its figure: `check` throws nothing, so that one that does not hold hides no other. */
export class Checks {
  readonly failed: string[] = [];
  #passed = 0;

  /** `look` returns what was seen; it throws, or returns false, where that is not as it must be. */
  async check(name: string, look: () => Promise<unknown>): Promise<void> {
    const started = performance.now();
    try {
      const seen = await look();
      if (seen === false) throw new Error('it is not so');
      this.#passed += 1;
      const detail =
        seen === undefined || seen === true ? '' : `: ${typeof seen === 'string' ? seen : JSON.stringify(seen)}`;
      console.log(`✓ ${name}${detail} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
    } catch (error) {
      this.failed.push(name);
      console.log(`✕ ${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  get passed(): number {
    return this.#passed;
  }
}

/** Throws with the first few of `wrong`, where there are any. */
export function none(wrong: readonly string[], what: string): void {
  if (wrong.length === 0) return;
  const more = wrong.length > 8 ? ` and ${wrong.length - 8} more` : '';
  throw new Error(`${what}: ${wrong.slice(0, 8).join(', ')}${more}`);
}

export function same(seen: unknown, wanted: unknown): void {
  const [a, b] = [JSON.stringify(seen), JSON.stringify(wanted)];
  if (a !== b) throw new Error(`${a} instead of ${b}`);
}
