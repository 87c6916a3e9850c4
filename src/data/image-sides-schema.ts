// The schema of a size of images, wherever one is read: a side of squares, or [height, width].

import { z } from "zod";

/** `side` is what either side may be. */
export function imageSidesSchema(side: z.ZodType<number>) {
  return z.union([side, z.tuple([side, side])]);
}
