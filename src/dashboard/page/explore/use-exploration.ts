// The mixture, or the images, that an address asks for.

import type { Source } from "../source.js";
import { type KnownAnswer, useAnswer } from "../use-answer.js";
import { type Unpacked, type UnpackedImages, unpack, unpackImages } from "./attention.js";

export function useExploration(
  source: Source,
  run: string,
  seed: number,
  segments: boolean,
  given: readonly File[],
): KnownAnswer<Unpacked | UnpackedImages> {
  return useAnswer(async () => {
    const found = await source.explore(run, seed, segments, given);
    return found.kind === "mixture" ? unpack(found) : unpackImages(found);
  }, [source, run, seed, segments, given]);
}
