/**
 * Items in the order of a comparison, found by binary search. Two different items must never compare as
 * equal, and what the comparison reads must not change while an item is in the list.
 */
export class SortedList<T> {
  readonly #items: T[] = [];
  readonly #compare: (a: T, b: T) => number;

  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare;
  }

  get first(): T | undefined {
    return this.#items[0];
  }

  add(item: T): void {
    this.#items.splice(this.#indexOf(item), 0, item);
  }

  /** Takes the item out; one that is not there is fine. */
  remove(item: T): void {
    const index = this.#indexOf(item);
    if (this.#items[index] !== item) return;
    // Taking the head is by far the most frequent, and shift() does it without moving the rest.
    if (index === 0) this.#items.shift();
    else this.#items.splice(index, 1);
  }

  /** Where the item is, or where it belongs. */
  #indexOf(item: T): number {
    let low = 0;
    let high = this.#items.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = this.#items[middle];
      if (other !== undefined && this.#compare(other, item) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
