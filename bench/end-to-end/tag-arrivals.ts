const PUT_TAG = /"PUT \/v2\/(\S+)\/manifests\/([^/?\s]+)\S* HTTP\/[\d.]+" 201 /;

/** When each tag first named something in a registry, told from its access log: a tag is put last. */
export class TagArrivals {
  readonly #at = new Map<string, number>();

  /** A line of Apache's combined format. */
  read(line: string): void {
    const [, repository, tag] = PUT_TAG.exec(line) ?? [];
    if (!repository || !tag || tag.includes(':')) return;
    const name = `${repository}:${tag}`;
    if (!this.#at.has(name)) this.#at.set(name, performance.now());
  }

  get count(): number {
    return this.#at.size;
  }

  /** By `performance.now`. */
  get last(): number {
    return Math.max(...this.#at.values());
  }

  /** Tags a second between two moments that are at least `leastMs` apart. */
  rate(from: number, to: number, leastMs: number): number | undefined {
    if (to - from < leastMs) return undefined;
    const arrived = [...this.#at.values()].filter((at) => at >= from && at < to).length;
    return (arrived * 1000) / (to - from);
  }
}
