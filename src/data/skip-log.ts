// Counts the images that cannot be read, reports each once, and says when there are too many of them.

import { printable } from "../terminal/printable.js";
import { TooManyUnreadableError } from "./errors.js";

/** An image that was left out. */
export interface SkippedImage {
  readonly index: number;
  readonly name: string;
  /** What is wrong with it, in a few words. */
  readonly reason: string;
}

/** One line for people. */
export function describeSkip({ name, reason }: Pick<SkippedImage, "name" | "reason">): string {
  return `Skipped ${printable(name)}: ${printable(reason)}`;
}

/** A small set may lose this many images whatever the share. */
const HANDFUL = 5;
const EXAMPLES = 5;

export class SkipLog {
  readonly #seen = new Set<number>();
  readonly #examples: string[] = [];
  readonly #allowed: number;

  constructor(
    readonly count: number,
    share: number,
    readonly nameOf: (index: number) => string,
    readonly onSkip: (skipped: SkippedImage) => void,
  ) {
    this.#allowed = Math.max(HANDFUL, Math.floor(count * share));
  }

  get skipped(): number {
    return this.#seen.size;
  }

  /** Notes an image. Throws `TooManyUnreadableError` when the limit is passed or no image is left. */
  note(index: number, reason: string): void {
    if (this.#seen.has(index)) return;
    this.#seen.add(index);
    const name = this.nameOf(index);
    if (this.#examples.length < EXAMPLES) this.#examples.push(`${name} (${reason})`);
    this.onSkip({ index, name, reason });
    if (this.skipped > this.#allowed || this.skipped === this.count) {
      throw new TooManyUnreadableError(this.skipped, this.count, this.#allowed, this.#examples);
    }
  }
}
