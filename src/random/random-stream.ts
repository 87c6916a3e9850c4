// A stream of random numbers that is a pure function of (seed, stream name, epoch, index).

import { philoxBlock } from "./philox.js";

/** Random numbers in a fixed order; two streams with the same key give the same numbers on any machine. */
export interface RandomStream {
  /** An integer in [0, 2^32). */
  uint32(): number;
  /** A number in [0, 1) with 53 random bits. */
  uniform(): number;
  /** A number in [low, high). */
  uniformIn(low: number, high: number): number;
  /** A draw from the normal distribution with mean 0 and variance 1 (Box and Muller, 1958). */
  normal(): number;
  /** An integer in [0, bound), every one equally likely; bound is from 1 to 2^32. */
  integer(bound: number): number;
  /** The numbers 0 to n - 1 in random order (Fisher and Yates). */
  permutation(n: number): Int32Array;
}

const TWO_32 = 2 ** 32;

/**
 * The stream of one key. `seed` and `index` are whole numbers from 0 to 2^53 - 1, `epoch` one from 0 to 2^32 - 1;
 * `stream` names what the numbers are for ("order", "mask"), so that a new use of randomness never shifts another.
 */
export function randomStream(seed: number, stream: string, epoch: number, index: number): RandomStream {
  checkWhole("seed", seed, Number.MAX_SAFE_INTEGER);
  checkWhole("epoch", epoch, TWO_32 - 1);
  checkWhole("index", index, Number.MAX_SAFE_INTEGER);
  return new PhiloxStream(seed, stream, epoch, index);
}

class PhiloxStream implements RandomStream {
  readonly #key0: number;
  readonly #key1: number;
  readonly #epoch: number;
  readonly #indexLow: number;
  readonly #indexHigh: number;
  readonly #words = new Uint32Array(4);
  #block = 0;
  #used = 4;
  #spareNormal: number | undefined;

  constructor(seed: number, stream: string, epoch: number, index: number) {
    // The seed and the stream's name are mixed into one 64-bit key by the generator itself, so that neighbouring seeds
    // and similar names share nothing; epoch and index stay in the counter, where they cannot collide at all.
    const [hashLow, hashHigh] = hashName(stream);
    philoxBlock(seed, Math.floor(seed / TWO_32), hashLow, hashHigh, 0, 0, this.#words);
    this.#key0 = this.#words[0]!;
    this.#key1 = this.#words[1]!;
    this.#epoch = epoch;
    this.#indexLow = index % TWO_32;
    this.#indexHigh = Math.floor(index / TWO_32);
  }

  uint32(): number {
    if (this.#used === 4) {
      philoxBlock(this.#block, this.#epoch, this.#indexLow, this.#indexHigh, this.#key0, this.#key1, this.#words);
      this.#block++;
      this.#used = 0;
    }
    return this.#words[this.#used++]!;
  }

  uniform(): number {
    const high = this.uint32() >>> 5;
    const low = this.uint32() >>> 6;
    return (high * 0x4000000 + low) / 2 ** 53;
  }

  uniformIn(low: number, high: number): number {
    return low + (high - low) * this.uniform();
  }

  normal(): number {
    if (this.#spareNormal !== undefined) {
      const spare = this.#spareNormal;
      this.#spareNormal = undefined;
      return spare;
    }
    // 1 - uniform() lies in (0, 1], so the logarithm is finite.
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    const angle = 2 * Math.PI * this.uniform();
    this.#spareNormal = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  integer(bound: number): number {
    checkWhole("bound", bound, TWO_32, 1);
    // Words at or above the largest multiple of bound are drawn again; a plain remainder would favour small numbers.
    const limit = TWO_32 - (TWO_32 % bound);
    let word = this.uint32();
    while (word >= limit) word = this.uint32();
    return word % bound;
  }

  permutation(n: number): Int32Array {
    checkWhole("n", n, 2 ** 31 - 1);
    const order = new Int32Array(n);
    for (let i = 0; i < n; i++) order[i] = i;
    for (let i = n - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      const held = order[i]!;
      order[i] = order[j]!;
      order[j] = held;
    }
    return order;
  }
}

/** 64 bits of a name: 32-bit FNV-1a over its UTF-16 units, forwards and (from another offset) backwards. */
function hashName(name: string): [number, number] {
  let forwards = 0x811c9dc5;
  let backwards = 0x9747b28c;
  for (let i = 0; i < name.length; i++) {
    forwards = Math.imul(forwards ^ name.charCodeAt(i), 0x01000193);
    backwards = Math.imul(backwards ^ name.charCodeAt(name.length - 1 - i), 0x01000193);
  }
  return [forwards >>> 0, backwards >>> 0];
}

function checkWhole(what: string, value: number, largest: number, smallest = 0): void {
  if (!Number.isSafeInteger(value) || value < smallest || value > largest) {
    throw new RangeError(`${what} must be a whole number from ${smallest} to ${largest}, but it is ${value}`);
  }
}
