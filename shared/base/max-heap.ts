/** A binary heap: `pop` gives the greatest by `compare`. */
export class MaxHeap<T> {
  readonly #items: T[] = [];
  readonly #compare: (a: T, b: T) => number;
  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare;
  }
  push(item: T): void {
    const items = this.#items;
    let at = items.push(item) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#swapIfGreater(at, parent)) break;
      at = parent;
    }
  }
  pop(): T | undefined {
    const items = this.#items;
    const top = items[0];
    const last = items.pop();
    if (items.length === 0 || last === undefined) return top;
    items[0] = last;
    for (let at = 0; ;) {
      const left = 2 * at + 1;
      if (left >= items.length) return top;
      const child = left + 1 < items.length && this.#greater(left + 1, left) ? left + 1 : left;
      if (!this.#swapIfGreater(child, at)) return top;
      at = child;
    }
  }
  #greater(a: number, b: number): boolean {
    return this.#compare(this.#items[a] as T, this.#items[b] as T) > 0;
  }
  #swapIfGreater(child: number, parent: number): boolean {
    if (!this.#greater(child, parent)) return false;
    const items = this.#items;
    [items[child], items[parent]] = [items[parent] as T, items[child] as T];
    return true;
  }
}
