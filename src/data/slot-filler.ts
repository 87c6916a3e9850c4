// Fills one slot of a batch, with another image where the one that belongs there cannot be read.

import { randomStream } from "../random/index.js";
import { isShortage } from "./image-fault.js";
import { type ImageReader, reasonOf } from "./image-reader.js";
import { checkShape, readMask } from "./read-mask.js";
import type { PixelImage } from "./resample.js";
import type { Targets } from "./targets.js";
import { allocateViews, renderViews, type ViewGroup, type ViewRoom } from "./view-group.js";

export interface SlotPlan {
  readonly seed: number;
  readonly views: readonly ViewGroup[];
  readonly targets: Targets;
  /** One byte an image in memory that all workers share; 1 marks an image that cannot be read. */
  readonly unreadable: Uint8Array;
}

/** The images that belong into the slots of a batch, and room for their pixels and targets. */
export interface Slots {
  readonly epoch: number;
  readonly indices: Int32Array;
  readonly room: ViewRoom;
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

  /** A batch to be filled. */
  prepare(epoch: number, indices: Int32Array): Slots {
    return { epoch, indices, room: allocateViews(this.#plan.views, indices.length, this.#plan.targets) };
  }

  /** Fills a slot if its image is in memory, without waiting for anything; else returns false. */
  fillFromMemory(slots: Slots, slot: number): boolean {
    const index = slots.indices[slot]!;
    const image = this.#reader.inMemory(index);
    if (image) this.#render(image, index, slots, slot);
    return image !== undefined;
  }

  /** Fills a slot and gives the index of the image that it shows in the end. */
  async fill(slots: Slots, slot: number): Promise<number> {
    for (const candidate of this.#candidates(slots.epoch, slots.indices[slot]!)) {
      const image = await this.decode(candidate);
      if (!image) continue;
      this.#render(image, candidate, slots, slot);
      return candidate;
    }
    throw new Error("no image of the set can be read");
  }

  /** Fills a slot with the image that belongs there and no other; false where it cannot be read. */
  async fillOnly(slots: Slots, slot: number): Promise<boolean> {
    const index = slots.indices[slot]!;
    const image = await this.decode(index);
    if (image) this.#render(image, index, slots, slot);
    return image !== undefined;
  }

  /** Decodes an image with its mask; one that cannot be read is marked and reported, and undefined is returned. */
  async decode(index: number): Promise<PixelImage | undefined> {
    const { unreadable } = this.#plan;
    if (unreadable[index] === 1) return undefined;
    try {
      return this.#withTargets(await this.#reader.decode(index), index);
    } catch (error) {
      if (isShortage(error)) throw error;
      unreadable[index] = 1;
      this.#onUnreadable(index, reasonOf(error));
      return undefined;
    }
  }

  /** Throws where targets do not belong to the image, as for one that cannot be read. */
  #withTargets(image: PixelImage, index: number): PixelImage {
    const { masks, boxes } = this.#plan.targets;
    if (boxes !== undefined) {
      const [width, height] = boxes.sizes.subarray(2 * index) as unknown as [number, number];
      checkShape("its boxes", { width, height }, image);
    }
    // From memory it comes with its mask.
    return masks === undefined || image.mask !== undefined ? image : { ...image, mask: readMask(masks, index, image) };
  }

  /** Views are drawn from the slot's key: a substitute is not seen twice with the same crop in one epoch. */
  #render(image: PixelImage, index: number, { epoch, indices, room }: Slots, slot: number): void {
    const { seed, views, targets } = this.#plan;
    const shown = { image, index, boxes: targets.boxes };
    renderViews(shown, views, { seed, epoch, index: indices[slot]! }, room, slot, indices.length);
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
