// Fills one slot of a batch, with another image where the one that belongs there cannot be read.

import { randomStream } from "../random/index.js";
import { type ImageReader, reasonOf } from "./image-reader.js";
import { renderImage } from "./render.js";
import type { Transform } from "./transform.js";

export interface SlotPlan {
  readonly seed: number;
  readonly transform: Transform;
  readonly imageSize: number;
  /** One byte an image in memory that all workers share; 1 marks an image that cannot be read. */
  readonly unreadable: Uint8Array;
}

const RANDOM_TRIES = 64;

/**
 * Fills slots of batches. What comes into a slot is a function of (seed, epoch, image index) and of which files can be
 * read, and nothing else: the substitutes for an unreadable image are tried in an order drawn from that key until one
 * can be read. So it does not matter in which order, by which worker or in which run the broken files are found, and
 * no scan is needed at opening. The shared marks only save a second attempt.
 */
export class SlotFiller {
  readonly #reader: ImageReader;
  readonly #plan: SlotPlan;
  readonly #onUnreadable: (index: number, reason: string) => void;

  constructor(reader: ImageReader, plan: SlotPlan, onUnreadable: (index: number, reason: string) => void) {
    this.#reader = reader;
    this.#plan = plan;
    this.#onUnreadable = onUnreadable;
  }

  /** Fills the slot if its image is in memory, without waiting for anything; else returns false. */
  fillFromMemory(epoch: number, index: number, out: Uint8Array, offset: number): boolean {
    const image = this.#reader.inMemory(index);
    if (!image) return false;
    const { seed, transform, imageSize } = this.#plan;
    renderImage(image, transform, { seed, epoch, index }, imageSize, out, offset);
    return true;
  }

  /** Fills the slot that belongs to image `index` and gives the index of the image that it shows in the end. */
  async fill(epoch: number, index: number, out: Uint8Array, offset: number): Promise<number> {
    const { seed, transform, imageSize } = this.#plan;
    for (const candidate of this.#candidates(epoch, index)) {
      const image = await this.decode(candidate);
      if (!image) continue;
      // The view is drawn from the slot's key: a substitute is not seen twice with the same crop in one epoch.
      renderImage(image, transform, { seed, epoch, index }, imageSize, out, offset);
      return candidate;
    }
    throw new Error("no image of the set can be read");
  }

  /** Fills the slot with image `index` and no other; false where it cannot be read. */
  async fillOnly(epoch: number, index: number, out: Uint8Array, offset: number): Promise<boolean> {
    const { seed, transform, imageSize } = this.#plan;
    const image = await this.decode(index);
    if (image) renderImage(image, transform, { seed, epoch, index }, imageSize, out, offset);
    return image !== undefined;
  }

  /** Decodes an image; one that cannot be read is marked and reported, and undefined is returned. */
  async decode(index: number) {
    const { unreadable } = this.#plan;
    if (unreadable[index] === 1) return undefined;
    try {
      return await this.#reader.decode(index);
    } catch (error) {
      if (isShortage(error)) throw error;
      unreadable[index] = 1;
      this.#onUnreadable(index, reasonOf(error));
      return undefined;
    }
  }

  *#candidates(epoch: number, index: number): Generator<number> {
    yield index;
    const count = this.#plan.unreadable.length;
    const stream = randomStream(this.#plan.seed, "substitute", epoch, index);
    for (let attempt = 0; attempt < RANDOM_TRIES; attempt++) yield stream.integer(count);
    // Nearly everything is broken: the next image that can be read, wherever it is.
    for (let step = 1; step < count; step++) yield (index + step) % count;
  }
}

/** A shortage says nothing about the image: taking it for a broken one would make the run depend on the machine's load. */
function isShortage(error: unknown): boolean {
  return error instanceof Error && "code" in error && /^(EMFILE|ENFILE|ENOMEM|EAGAIN)$/.test(String(error.code));
}
