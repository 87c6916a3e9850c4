// The k best matches of each query so far, kept while blocks of candidates come in.

/** For each query a heap whose root is the worst match that is kept. */
export class BestMatches {
  readonly #similarities: Float32Array;
  readonly #indices: Int32Array;
  readonly #counts: Int32Array;

  constructor(
    readonly queries: number,
    readonly k: number,
  ) {
    this.#similarities = new Float32Array(queries * k);
    this.#indices = new Int32Array(queries * k);
    this.#counts = new Int32Array(queries);
  }

  /** Candidates `from` up to `end` of the arrays; an index is `base` plus a place. -Infinity marks what is none. */
  offer(query: number, similarities: Float32Array, places: Int32Array, from: number, end: number, base: number): void {
    const start = query * this.k;
    for (let candidate = from; candidate < end; candidate++) {
      const similarity = similarities[candidate]!;
      if (similarity === Number.NEGATIVE_INFINITY) continue;
      const index = base + places[candidate]!;
      const count = this.#counts[query]!;
      if (count < this.k) {
        this.#counts[query] = count + 1;
        this.#rise(start, count, similarity, index);
      } else if (this.#isWorse(start, similarity, index)) {
        this.#sink(start, similarity, index);
      }
    }
  }

  /** Row by row, the best first; of equal ones that with the lower index. */
  sorted(): { readonly similarities: Float32Array; readonly indices: Int32Array } {
    const similarities = new Float32Array(this.#similarities.length);
    const indices = new Int32Array(this.#indices.length);
    for (let query = 0; query < this.queries; query++) {
      const start = query * this.k;
      const order = Array.from({ length: this.k }, (_, i) => start + i).sort(
        (a, b) => this.#similarities[b]! - this.#similarities[a]! || this.#indices[a]! - this.#indices[b]!,
      );
      for (const [rank, place] of order.entries()) {
        similarities[start + rank] = this.#similarities[place]!;
        indices[start + rank] = this.#indices[place]!;
      }
    }
    return { similarities, indices };
  }

  /** Whether the match at a place of the heap is worse than the one given. */
  #isWorse(place: number, similarity: number, index: number): boolean {
    const held = this.#similarities[place]!;
    return held < similarity || (held === similarity && this.#indices[place]! > index);
  }

  /** Puts a match at a free place, below parents that are worse; others move down. */
  #rise(start: number, place: number, similarity: number, index: number): void {
    let at = place;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (this.#isWorse(start + parent, similarity, index)) break;
      this.#move(start + parent, start + at);
      at = parent;
    }
    this.#set(start + at, similarity, index);
  }

  /** Replaces the root, above children that are better; others move up. */
  #sink(start: number, similarity: number, index: number): void {
    let at = 0;
    for (let child = 1; child < this.k; child = 2 * at + 1) {
      const [left, right] = [start + child, start + child + 1];
      const worse =
        child + 1 < this.k && this.#isWorse(right, this.#similarities[left]!, this.#indices[left]!) ? right : left;
      if (!this.#isWorse(worse, similarity, index)) break;
      this.#move(worse, start + at);
      at = worse - start;
    }
    this.#set(start + at, similarity, index);
  }

  #move(from: number, to: number): void {
    this.#set(to, this.#similarities[from]!, this.#indices[from]!);
  }

  #set(place: number, similarity: number, index: number): void {
    this.#similarities[place] = similarity;
    this.#indices[place] = index;
  }
}
